/* A small file system of its own over a folder, in namespaces of the calling process, which has no
 * way back: for a child. 0; 77: this machine does not let us; 2: else. */
#ifndef TESTS_WIRE_OWN_DISK_H
#define TESTS_WIRE_OWN_DISK_H

int own_disk(const char *dir, const char *options);

#endif
