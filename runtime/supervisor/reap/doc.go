// Package reap waits for the orphans of a container: processes whose parent has died, and
// which the kernel has handed to PID 1.
//
// PID 1 cannot simply wait for everybody, as the enclave's own first program does: the
// launcher of QEMU has children of its own, by os/exec, whose exit status would be stolen.
// There is no list of these that could be asked. But whoever starts a process by os/exec
// waits for it, and takes it within moments of its end. So a process that has ended and is
// still there at the next look is one that nobody waits for.
package reap
