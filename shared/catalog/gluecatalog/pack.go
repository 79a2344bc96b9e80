package gluecatalog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/catalog"
)

const (
	format = "1"

	// maxValue bounds one parameter: Glue takes 512,000 bytes (https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html).
	maxValue = 400_000
	// maxValues bounds how many a record takes; Glue documents no limit of the whole, so that this one is ours.
	maxValues = 4
	// maxRecord bounds a record before it is compressed.
	maxRecord = 64 << 20
)

var errRecordSize = fmt.Errorf("the record of its columns takes more than the %d bytes that Glue's parameters hold", maxValue*maxValues)

// pack gives the table's record as parameters: the format, this write's revision, and JSON, as gzip in base64, cut into values that Glue
// takes. Where it does not fit, the oldest changes of columns are forgotten.
func pack(t catalog.Table, revision string) (map[string]string, error) {
	for keep := -1; ; keep = forget(&t, keep) {
		text, err := catalog.PackTable(t)
		if err != nil {
			return nil, err
		}
		values, err := split(text)
		if errors.Is(err, errRecordSize) && keep != 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		values[formatKey], values[revisionKey] = format, revision
		return values, nil
	}
}

// forget leaves half of each column's changes than were kept before (-1 for all), the latest ones.
func forget(t *catalog.Table, kept int) int {
	if kept < 0 {
		for _, c := range t.Columns {
			kept = max(kept, len(c.Changes))
		}
	}
	keep := max(kept, 0) / 2
	t.Columns = slices.Clone(t.Columns)
	for i, c := range t.Columns {
		t.Columns[i].Changes = c.Changes[max(0, len(c.Changes)-keep):]
	}
	return keep
}

func split(text []byte) (map[string]string, error) {
	if len(text) > maxRecord {
		return nil, errRecordSize
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	values := map[string]string{}
	rest := base64.StdEncoding.EncodeToString(packed.Bytes())
	for i := 0; rest != ""; i++ {
		if i == maxValues {
			return nil, errRecordSize
		}
		n := min(len(rest), maxValue)
		values[recordKey+strconv.Itoa(i)], rest = rest[:n], rest[n:]
	}
	return values, nil
}

// unpack reads the record out of a table's parameters; an empty table where there is none.
func unpack(parameters map[string]string) (catalog.Table, error) {
	var text strings.Builder
	for i := 0; ; i++ {
		value, ok := parameters[recordKey+strconv.Itoa(i)]
		if !ok {
			break
		}
		text.WriteString(value)
	}
	if parameters[formatKey] == "" && text.Len() == 0 {
		return catalog.Table{}, nil
	}
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text.String())))
	if err != nil {
		return catalog.Table{}, err
	}
	record, err := io.ReadAll(io.LimitReader(z, maxRecord+1))
	if err != nil {
		return catalog.Table{}, err
	}
	if len(record) > maxRecord {
		return catalog.Table{}, errRecordSize
	}
	return catalog.UnpackTable(record)
}

// mix gives parameters with Lakebed's own in the place of any that were there.
func mix(parameters, ours map[string]string) map[string]string {
	mixed := maps.Clone(parameters)
	if mixed == nil {
		mixed = map[string]string{}
	}
	maps.DeleteFunc(mixed, func(key, _ string) bool { return strings.HasPrefix(key, own) })
	maps.Copy(mixed, ours)
	return mixed
}
