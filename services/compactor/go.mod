module github.com/lakebed/lakebed/services/compactor

go 1.26.0

require (
	github.com/cespare/xxhash/v2 v2.3.0
	github.com/klauspost/compress v1.20.3
	github.com/lakebed/lakebed/shared v0.0.0
	golang.org/x/sync v0.24.0
)

require (
	github.com/gofrs/flock v0.13.2 // indirect
	github.com/segmentio/asm v1.2.1 // indirect
	github.com/segmentio/encoding v0.5.4 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/lakebed/lakebed/shared => ../../shared
