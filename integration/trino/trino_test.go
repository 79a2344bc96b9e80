package trino

import (
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/integration/emulator"
)

// The server answers, says why it does not, listens nowhere else, and is gone with its test.
func TestStartAndStop(t *testing.T) {
	var s *Trino
	t.Run("serves", func(t *testing.T) {
		s = Start(t, emulator.Ministack(t))
		r, err := s.Query(t.Context(), "none", "SELECT 9007199254740993 AS n, ARRAY['a', NULL] AS l, CAST(NULL AS varchar) AS s UNION ALL SELECT 2, NULL, 'x' ORDER BY 1 DESC")
		if err != nil {
			t.Fatalf("%v\n%s", err, s.Log())
		}
		if len(r.Rows) != 2 || len(r.Columns) != 3 || r.Columns[0] != (Column{"n", "bigint"}) {
			t.Fatalf("%+v", r)
		}
		if got := r.Rows[0]; got[0] != json.Number("9007199254740993") || len(got[1].([]any)) != 2 || got[2] != nil {
			t.Errorf("a row is %v", got)
		}
		var failed *Error
		if _, err := s.Query(t.Context(), "none", "SELECT nothing"); !errors.As(err, &failed) || failed.Name != "COLUMN_NOT_FOUND" {
			t.Errorf("a column that is not there: %v", err)
		}
	})
	if s == nil {
		if t.Failed() {
			return
		}
		emulator.Skip(t, "Trino or the emulator is not installed")
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(s.Endpoint, "http://")); err == nil {
		_ = c.Close()
		t.Error("it is still there")
	}
}
