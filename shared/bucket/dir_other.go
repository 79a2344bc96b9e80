//go:build !unix

package bucket

import (
	"io/fs"
	"os"
)

// A file's number is not to be had without opening it; the stamp alone tells writes apart.
func fileNumber(fs.FileInfo) uint64 { return 0 }

const openQuickly = 0

// Emptied folders stay: they could be removed only by a call that would also remove a file.
func removeFolder(*os.Root, string) error { return nil }

// Folders cannot be synced here.
func syncFolder(*os.Root, string) error { return nil }
