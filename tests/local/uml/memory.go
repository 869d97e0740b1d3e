package uml

import (
	"os"

	"golang.org/x/sys/unix"
)

// memoryRoom is how much a folder must have left to be taken for memory: several guests
// that use all of theirs.
const memoryRoom = 1 << 30

// memoryFolder makes a folder for the files that are the guests' memory. Linux maps
// them, and runs what is in them. /dev/shm spares the disk, but in containers it is
// often small, or closed for programs (noexec); then it is the folder for temporary
// files.
func memoryFolder() (string, error) {
	for _, parent := range []string{"/dev/shm", os.TempDir()} {
		var s unix.Statfs_t
		if err := unix.Statfs(parent, &s); err != nil || !fitsMemory(s) {
			continue
		}
		if dir, err := os.MkdirTemp(parent, "uml-memory-"); err == nil {
			return dir, nil
		}
	}
	return os.MkdirTemp("", "uml-memory-") // its error says more than we know
}

func fitsMemory(s unix.Statfs_t) bool {
	return s.Flags&unix.ST_NOEXEC == 0 && s.Bavail*uint64(s.Bsize) >= memoryRoom
}
