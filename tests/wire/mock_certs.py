"""A mock with an authority of its own: a client that was told to trust it takes the mock's
certificate and a renewed one, and none that is wrong. Usage: mock_certs.py MOCK PATH"""
import http.client
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

WISHES = [  # what is wished, what the client must say; None: it must be content
    ("certificate own", None),
    ("certificate expired", "certificate has expired"),
    ("certificate renewed", None),
    ("certificate wrong-name", "IP address mismatch"),
    ("certificate wrong-authority", "unable to get local issuer|self.signed"),
    ("certificate self-signed", "self.signed"),
    ("certificate old-protocol", "alert protocol version|unsupported protocol"),
    ("certificate own", None),
]


def old_clients_get_through(port):
    """What is refused for its version is a server that answers those who still take it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=60)) as door:
        assert door.version() == "TLSv1.1", door.version()


def hears_the_end(port, control, anchors):
    """A connection that is open and idle is reset."""
    context = ssl.create_default_context(cafile=anchors)
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=60),
                             server_hostname="127.0.0.1") as door:
        urllib.request.urlopen(f"http://127.0.0.1:{control}/control", b"drops every connection")
        try:
            assert not door.recv(1)
        except (ConnectionResetError, ssl.SSLError):
            pass


def ask(port, anchors, path):
    """None when there was an answer, else why not."""
    context = ssl.create_default_context(cafile=anchors)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # also where a library's default is lower
    door = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)
    try:
        door.request("GET", path)
        return None if door.getresponse().status in (200, 401) else "status"
    except ssl.SSLError as error:
        return str(error)
    finally:
        door.close()


def figures(control, what):
    """Each kind's figure on the page of figures: how often it was armed, or has fired."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{control}/metrics").read().decode()
    return {kind: int(n) for kind, n in re.findall(rf'misbehaviours_{what}_total{{kind="([^"]+)"}} (\d+)', text)}


def counts_who_met_it(control, wish, met):
    """A certificate has fired when a client was shown it, and not before."""
    name = wish.replace(" ", "-", 1)
    if name in figures(control, "armed"):
        assert figures(control, "armed")[name] == 1, name
        assert figures(control, "fired")[name] == met, (name, met, figures(control, "fired")[name])


def refuses_for_a_while(port, control):
    """Whom the kernel refuses nobody is told: the row has no figure, which is another thing than 0."""
    urllib.request.urlopen(f"http://127.0.0.1:{control}/control", b"refuses for 1h")
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
        sys.exit("somebody got a connection while it refuses")
    except ConnectionRefusedError:
        pass
    assert figures(control, "armed")["refuses"] == 1
    assert "refuses" not in figures(control, "fired")


def refuses_without_one(mock):
    """Where no other certificate can be shown the wish is refused and not counted as done."""
    with tempfile.TemporaryDirectory() as folder:
        control_file = os.path.join(folder, "control")
        run = subprocess.Popen([mock, "--control", "127.0.0.1:0", "--control-port-file", control_file],
                               stdout=subprocess.PIPE, text=True)
        try:
            for line in run.stdout:
                if "listens on" in line:
                    break
            port = int(open(control_file, encoding="ascii").read())
            urllib.request.urlopen(f"http://127.0.0.1:{port}/control", b"certificate expired")
            sys.exit("without an authority 'certificate expired' was taken")
        except urllib.error.HTTPError as error:
            assert error.code == 400, error.code
        finally:
            run.terminate()
            run.wait()


def main(mock, path):
    with tempfile.TemporaryDirectory() as folder:
        port_file, control_file = os.path.join(folder, "port"), os.path.join(folder, "control")
        run = subprocess.Popen([mock, "--authority", os.path.join(folder, "tls"), "--port-file", port_file,
                                "--control-port-file", control_file], stdout=subprocess.PIPE, text=True)
        try:
            for line in run.stdout:
                if re.search(r"listens on https://", line):
                    break
            port, control = (int(open(f, encoding="ascii").read()) for f in (port_file, control_file))
            anchors = os.path.join(folder, "tls", "ca.pem")
            for wish, wanted in WISHES:
                told = urllib.request.urlopen(f"http://127.0.0.1:{control}/control", wish.encode())
                assert told.status in (200, 204), wish
                counts_who_met_it(control, wish, 0)
                seen = ask(port, anchors, path)
                if (seen is None) != (wanted is None) or (wanted and not re.search(wanted, seen)):
                    sys.exit(f"after '{wish}' the client says: {seen or 'all is well'}")
                counts_who_met_it(control, wish, 1)
                if wish == "certificate old-protocol":
                    old_clients_get_through(port)
            if "palette" in mock:
                urllib.request.urlopen(f"http://127.0.0.1:{control}/control", b"drops every connection")
                assert figures(control, "fired")["connections-dropped"] == 0, "nobody was there"
                hears_the_end(port, control, anchors)
                assert figures(control, "fired")["connections-dropped"] == 1
            refuses_for_a_while(port, control)
            mode = os.stat(os.path.join(folder, "tls", "ca.key")).st_mode & 0o777
            assert mode == 0o600, oct(mode)
        finally:
            run.terminate()
            run.wait()
    refuses_without_one(mock)
    print(f"mock_certs: {len(WISHES)} wishes, and what a client makes of them")


main(sys.argv[1], sys.argv[2])
