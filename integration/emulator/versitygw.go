package emulator

import "testing"

// Versitygw starts an S3 of another make, on files below the emulator's folder.
func Versitygw(t testing.TB) *AWS {
	port := FreePort(t)
	return start(t, server{
		program: "bin/versitygw-v1.8.0", ready: "/", port: port,
		args: []string{"--port", "127.0.0.1:" + port, "--access", "test", "--secret", "testtest", "--region", Region, "--quiet", "posix", "."},
	})
}
