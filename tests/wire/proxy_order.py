#!/usr/bin/env python3
"""A wish comes true for whoever connects after it, also when the proxy had no turn in between: a program
that is started right after `proxy behaves refuses` dials before the proxy has read the wish.

  proxy_order.py LAB-PROXY
"""
import os
import signal
import socket
import subprocess
import sys


def answer_after_wish(program):
    """What the proxy says to a CONNECT that was sent while it stood, after a wish that waited there, too."""
    ear, mouth = os.pipe()
    proxy = subprocess.Popen([program, "--listen", "127.0.0.1:0", "--control-fd", str(ear)],
                             pass_fds=[ear], stdout=subprocess.PIPE, text=True)
    try:
        port = int(proxy.stdout.readline().rsplit(":", 1)[1])
        os.kill(proxy.pid, signal.SIGSTOP)
        os.waitpid(proxy.pid, os.WUNTRACED)
        os.write(mouth, b"behaves refuses\n")
        client = socket.create_connection(("127.0.0.1", port), timeout=30)
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        os.kill(proxy.pid, signal.SIGCONT)
        try:
            return client.recv(100)
        except ConnectionResetError:
            return b""
    finally:
        proxy.kill()
        proxy.wait()


if __name__ == "__main__":
    heard = answer_after_wish(sys.argv[1])
    if heard:
        sys.exit(f"a proxy that refuses answered {heard[:40]!r}")
    print("who connects after a wish finds it come true")
