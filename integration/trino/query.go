package trino

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Result is what a query gave. Values are as JSON has them: nil, bool, json.Number, string, and for ARRAY and ROW a list.
type Result struct {
	Columns []Column
	Rows    [][]any
}

// Column is one of a result.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"` // as SQL has it: bigint, row(a varchar)
}

// Error is why a query failed.
type Error struct {
	Name    string `json:"errorName"` // HIVE_PARTITION_SCHEMA_MISMATCH and the like
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Name + ": " + e.Message }

// page is one answer of the server: https://trino.io/docs/476/develop/client-protocol.html.
type page struct {
	NextURI string   `json:"nextUri"`
	Columns []Column `json:"columns"`
	Data    [][]any  `json:"data"`
	Error   *Error   `json:"error"`
}

// noNodes is what a query ends with while the server does not know itself for one that can run it: after a start, and when the machine is so busy
// that its announcement comes late. Nothing was read yet.
const noNodes = "NO_NODES_AVAILABLE"

// Query runs one statement and reads all that it gives. Names without a schema are looked up in the given one. The error of a statement that failed is an *Error.
func (s *Trino) Query(ctx context.Context, schema, statement string) (*Result, error) {
	for deadline := time.Now().Add(time.Minute); ; {
		r, err := s.query(ctx, schema, statement)
		var failed *Error
		if !errors.As(err, &failed) || failed.Name != noNodes || time.Now().After(deadline) {
			return r, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (s *Trino) query(ctx context.Context, schema, statement string) (*Result, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Endpoint+"/v1/statement", strings.NewReader(statement))
	if err != nil {
		return nil, err
	}
	for key, value := range map[string]string{"User": "test", "Catalog": Catalog, "Schema": schema, "Time-Zone": "UTC", "Client-Capabilities": "PARAMETRIC_DATETIME"} {
		request.Header.Set("X-Trino-"+key, value)
	}
	r := &Result{}
	for {
		p, err := fetch(request)
		if err != nil {
			return nil, err
		}
		if p.Error != nil {
			return nil, p.Error
		}
		if len(p.Columns) > 0 {
			r.Columns = p.Columns
		}
		r.Rows = append(r.Rows, p.Data...)
		if p.NextURI == "" {
			return r, nil
		}
		if request, err = http.NewRequestWithContext(ctx, http.MethodGet, p.NextURI, nil); err != nil {
			return nil, err
		}
	}
}

func fetch(request *http.Request) (*page, error) {
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000)) // the status says enough
		return nil, fmt.Errorf("%s %s: %s: %s", request.Method, request.URL.Path, answer.Status, text)
	}
	d := json.NewDecoder(answer.Body)
	d.UseNumber()
	p := &page{}
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("%s %s: %w", request.Method, request.URL.Path, err)
	}
	return p, nil
}
