package trino

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lakebed/lakebed/integration/emulator"
)

// arguments are the JVM's: https://trino.io/docs/476/installation/deployment.html#jvm-config, for one small server that starts fast.
func arguments(dir, home string) []string {
	return []string{
		"-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData",
		"-Djdk.attach.allowAttachSelf=true", "-XX:+EnableDynamicAgentLoading",
		"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
		"-Djava.io.tmpdir=" + dir, "-Dconfig=" + filepath.Join(dir, "etc", "config.properties"),
		"-Dlog.levels-file=" + filepath.Join(dir, "etc", "log.properties"),
		"-cp", filepath.Join(home, "lib", "*"), "io.trino.server.TrinoServer",
	}
}

// configure writes etc/. The catalog is what Athena has, as far as Trino can be told so: no statistics, folders in folders are read.
func configure(t testing.TB, dir, home, port string, a *emulator.AWS) {
	t.Helper()
	files := map[string][][2]string{
		"etc/config.properties": {
			{"node.environment", "test"}, {"node.id", "test"}, {"node.bind-ip", "127.0.0.1"}, {"node.internal-address", "127.0.0.1"},
			{"plugin.dir", filepath.Join(home, "plugin")},
			{"catalog.config-dir", filepath.Join(dir, "etc", "catalog")},
			{"coordinator", "true"}, {"node-scheduler.include-coordinator", "true"},
			{"http-server.http.port", port}, {"discovery.uri", "http://127.0.0.1:" + port},
			{"query.max-memory-per-node", "400MB"}, {"query.min-expire-age", "5s"}, {"query.max-history", "20"},
		},
		"etc/log.properties": {{"io.trino", "WARN"}, {"io.airlift", "WARN"}},
		"etc/catalog/" + Catalog + ".properties": {
			{"connector.name", "hive"}, {"hive.metastore", "glue"},
			{"hive.metastore.glue.region", emulator.Region}, {"hive.metastore.glue.endpoint-url", a.Endpoint},
			{"hive.metastore.glue.aws-access-key", "test"}, {"hive.metastore.glue.aws-secret-key", "testtest"},
			{"hive.metastore.glue.default-warehouse-dir", "s3://none/"},
			{"fs.native-s3.enabled", "true"}, {"s3.endpoint", a.Endpoint}, {"s3.region", emulator.Region}, {"s3.path-style-access", "true"},
			{"s3.aws-access-key", "test"}, {"s3.aws-secret-key", "testtest"},
			{"hive.recursive-directories", "true"}, {"hive.table-statistics-enabled", "false"},
		},
	}
	for name, lines := range files {
		text := ""
		for _, l := range lines {
			text += l[0] + "=" + l[1] + "\n"
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
