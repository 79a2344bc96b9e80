//go:build !linux

package bucket

import "os"

// open opens a file for reading.
func (d *Dir) open(key string) (*os.File, error) {
	return d.root.OpenFile(key, os.O_RDONLY|openQuickly, 0)
}
