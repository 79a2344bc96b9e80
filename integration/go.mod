module github.com/lakebed/lakebed/integration

go 1.26

replace (
	github.com/lakebed/lakebed/services/compactor => ../services/compactor
	github.com/lakebed/lakebed/services/ingest => ../services/ingest
	github.com/lakebed/lakebed/shared => ../shared
)
