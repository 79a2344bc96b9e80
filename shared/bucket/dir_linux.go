package bucket

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// open opens a file for reading by one call of the kernel, which follows no link out of the directory. os.Root takes one for each folder on the
// way; it has the last word where the kernel refuses.
func (d *Dir) open(key string) (*os.File, error) {
	defer runtime.KeepAlive(d) // and of top with it
	fd, err := unix.Openat2(int(d.top.Fd()), key, &unix.OpenHow{
		Flags: unix.O_RDONLY | unix.O_CLOEXEC | openQuickly, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
	})
	switch {
	case err == nil:
		return os.NewFile(uintptr(fd), key), nil
	case errors.Is(err, unix.ENOENT):
		return nil, err
	}
	return d.root.OpenFile(key, os.O_RDONLY|openQuickly, 0)
}
