module github.com/lakebed/lakebed/integration

go 1.26

require (
	github.com/lakebed/lakebed/services/compactor v0.0.0
	github.com/lakebed/lakebed/services/ingest v0.0.0
	github.com/lakebed/lakebed/shared v0.0.0
)

replace (
	github.com/lakebed/lakebed/services/compactor => ../services/compactor
	github.com/lakebed/lakebed/services/ingest => ../services/ingest
	github.com/lakebed/lakebed/shared => ../shared
)
