// Package athena proves with a real Trino what the lake's tables promise to readers: over the Glue and the S3 of an emulator, on lakes that the
// built command makes, with the tables, the view and the named queries that infra/modules/catalog makes.
package athena

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/integration/trino"
	"github.com/lakebed/lakebed/shared/cloud"
)

// top is the folder of go.work.
const top = "../.."

const bucketName = "lake"

// site is an account with a bucket, the tables of some lakes, and an engine that reads them.
type site struct {
	*emulator.AWS
	trino   *trino.Trino
	lakebed string                       // the command line
	queries map[string]map[string]string // by lake and name, without the lake in it
}

// tables is what Terraform is told of a lake.
type tables struct {
	IDField string   `json:"id_field"`
	Columns []column `json:"columns"`
}

type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Live bool   `json:"live"`
}

// open starts all, once for the tests of this package, since Trino takes its time.
func open(t *testing.T, lakes map[string]tables) *site {
	t.Helper()
	s := &site{lakebed: filepath.Join(t.TempDir(), "lakebed")}
	for try := 1; ; try++ {
		s.AWS = emulator.Ministack(t)
		if s.apply(t, lakes) {
			break
		}
		if try == 3 {
			t.Fatal("what Terraform makes was there already each time")
		}
	}
	if _, err := cloud.S3(s.Config()).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucketName)}); err != nil {
		t.Fatal(err)
	}
	s.command(t, nil, "go", "build", "-o", s.lakebed, "./services/lakebed")
	s.trino = trino.Start(t, s.AWS)
	return s
}

// apply makes the tables with the project's module. It gives false when the provider finds there already what nobody else makes, most likely
// since a reply to it was lost and it tried again: an empty emulator may do better.
func (s *site) apply(t *testing.T, lakes map[string]tables) bool {
	t.Helper()
	if _, err := exec.LookPath("terraform"); err != nil {
		emulator.Skip(t, "terraform is not installed")
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "catalog"), os.DirFS(filepath.Join(top, "infra", "modules", "catalog"))); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("testdata", "tables.tf"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	told, err := json.Marshal(lakes)
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"TF_VAR_endpoint=" + s.Endpoint, "TF_VAR_lakes=" + string(told)}
	s.command(t, env, "scripts/infra-init.sh", dir, "-backend=true")
	_, err = s.attempt(t, env, "scripts/infra-terraform.sh", "-chdir="+dir, "apply", "-auto-approve", "-input=false", "-no-color", "-parallelism=4")
	if err != nil && strings.Contains(err.Error(), "already exists") {
		t.Logf("once more, on a new emulator: %.2000s", err)
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	s.named(t, s.command(t, env, "scripts/infra-terraform.sh", "-chdir="+dir, "show", "-json"))
	return true
}

// named finds the named queries in what Terraform made.
func (s *site) named(t *testing.T, state []byte) {
	t.Helper()
	var made struct {
		Values struct {
			Root struct {
				Modules []struct {
					Resources []struct {
						Type   string `json:"type"`
						Values struct {
							Database string `json:"database"`
							Name     string `json:"name"`
							Query    string `json:"query"`
						} `json:"values"`
					} `json:"resources"`
				} `json:"child_modules"`
			} `json:"root_module"`
		} `json:"values"`
	}
	if err := json.Unmarshal(state, &made); err != nil {
		t.Fatal(err)
	}
	s.queries = map[string]map[string]string{}
	for _, m := range made.Values.Root.Modules {
		for _, r := range m.Resources {
			if r.Type != "aws_athena_named_query" {
				continue
			}
			if s.queries[r.Values.Database] == nil {
				s.queries[r.Values.Database] = map[string]string{}
			}
			s.queries[r.Values.Database][strings.TrimPrefix(r.Values.Name, r.Values.Database+"-")] = r.Values.Query
		}
	}
}

// command runs a program at the top of the workspace and gives what it prints to stdout.
func (s *site) command(t *testing.T, env []string, name string, args ...string) []byte {
	t.Helper()
	out, err := s.attempt(t, env, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *site) attempt(t *testing.T, env []string, name string, args ...string) ([]byte, error) {
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = top
	c.Env = append(append(os.Environ(), s.Environ()...), env...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s\n%s", name, strings.Join(args, " "), err, stderr.String(), stdout.String())
	}
	return stdout.Bytes(), nil
}

// query asks Trino in the database of a lake.
func (s *site) query(t *testing.T, lake, statement string) [][]any {
	t.Helper()
	r, err := s.trino.Query(t.Context(), lake, statement)
	if err != nil {
		t.Fatalf("%.500s: %v", statement, err)
	}
	return r.Rows
}

// number gives the one number that a query finds.
func (s *site) number(t *testing.T, lake, statement string) int64 {
	t.Helper()
	rows := s.query(t, lake, statement)
	if len(rows) == 1 && len(rows[0]) == 1 {
		if n, is := rows[0][0].(json.Number); is {
			if i, err := n.Int64(); err == nil {
				return i
			}
		}
	}
	t.Fatalf("%s gives %v", statement, rows)
	return 0
}

// failure gives the name of the error with which a query fails, "" if it does not.
func (s *site) failure(t *testing.T, lake, statement string) string {
	t.Helper()
	_, err := s.trino.Query(t.Context(), lake, statement)
	var failed *trino.Error
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if failed == nil {
		return ""
	}
	return fmt.Sprint(failed)
}
