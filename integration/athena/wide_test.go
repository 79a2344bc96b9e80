package athena

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
)

// What Glue takes: https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html and API_TableInput.html.
const (
	mostType  = 131_072
	mostValue = 512_000
)

// Some 550 columns come over three runs, and so do the members of two structs, until one's type is too long for Glue and the other has too many
// members: then they are JSON text. Before and after, every partition is read in every column, and Glue's limits are kept to.
func wide(t *testing.T, s *site) {
	l := newLake(t, s, "wide")
	sent := map[string]string{}
	members := func(name string, width, from, to int) string {
		var all []string
		for i := from; i < to; i++ {
			all = append(all, fmt.Sprintf(`"m%0*d":%d`, width, i, i))
		}
		return `"` + name + `":{` + strings.Join(all, ",") + "}"
	}
	for run, text := range []bool{false, false, true} {
		var b strings.Builder
		for n, hour := range []int{8 + run, 12} {
			id := fmt.Sprintf("e%d-%d", run, n)
			line := fmt.Sprintf(`{"event_uuid":%q,"created_at":"2026-11-20T%02d:00:00Z","event_name":"x"`, id, hour)
			for c := run * 184; c < (run+1)*184; c++ {
				line += fmt.Sprintf(`,"column_%03d":%d`, c, c)
			}
			line += "," + members("long", 150, run*250, (run+1)*250) + "," + members("many", 3, run*400, (run+1)*400) + "}"
			b.WriteString(line + "\n")
			sent[id] = line
		}
		l.run(strings.NewReader(b.String()), "run", "-")
		l.told(sent)
		types := map[string]string{}
		for _, c := range l.columns() {
			types[aws.ToString(c.Name)] = aws.ToString(c.Type)
			if len(aws.ToString(c.Type)) > mostType {
				t.Errorf("the type of %s takes %d bytes", aws.ToString(c.Name), len(aws.ToString(c.Type)))
			}
		}
		if got, want := len(types), 8+(run+1)*184; got != want {
			t.Errorf("run %d: %d columns, want %d", run, got, want)
		}
		if is := types["long"] == "string" && types["many"] == "string"; is != text {
			t.Errorf("run %d: long is %.60s, many is %.60s", run, types["long"], types["many"])
		}
		out, err := glue.NewFromConfig(s.Config()).GetTable(t.Context(), &glue.GetTableInput{DatabaseName: aws.String(l.name), Name: aws.String("events")})
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range out.Table.Parameters {
			if len(value) > mostValue {
				t.Errorf("run %d: %s takes %d bytes", run, key, len(value))
			}
		}
	}
	if n := l.same("events", "event_uuid", ""); n != 6 {
		t.Errorf("%d rows", n)
	}
}
