module github.com/lakebed/lakebed/services/compactor

go 1.26.0

require github.com/lakebed/lakebed/shared v0.0.0

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	golang.org/x/sync v0.24.0 // indirect
)

replace github.com/lakebed/lakebed/shared => ../../shared
