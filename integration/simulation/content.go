package simulation

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/part"
)

// content is what a slot holds.
type content struct {
	part.Header
	rows map[string]string // id to line
}

// slot reads a slot, once for each state of it.
func (w *World) slot(o bucket.Object) (*content, error) {
	if c := w.model.parts[o.Key+o.ETag]; c != nil {
		return c, nil
	}
	text, err := w.read(o.Key)
	if err != nil {
		return nil, err
	}
	c := &content{}
	if c.Header, err = part.ParseHeader(text); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Key, err)
	}
	if c.rows, err = rowsOf(o.Key, text, true); err != nil {
		return nil, err
	}
	w.model.parts[o.Key+o.ETag] = c
	return c, nil
}

// header reads what a slot says of itself.
func (w *World) header(o bucket.Object) (part.Header, error) {
	if c := w.model.parts[o.Key+o.ETag]; c != nil {
		return c.Header, nil
	}
	text, err := w.read(o.Key)
	if err != nil {
		return part.Header{}, err
	}
	return part.ParseHeader(text)
}

// fragment reads what a fragment holds.
func (w *World) fragment(key string) (map[string]string, error) {
	text, err := w.read(key)
	if err != nil {
		return nil, err
	}
	return rowsOf(key, text, strings.HasSuffix(key, ".gz"))
}

func (w *World) read(key string) ([]byte, error) {
	body, _, err := w.store.Get(context.Background(), key, bucket.Range{})
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

// rowsOf reads lines by code that the product does not use. An id that is in one file twice is an error.
func rowsOf(key string, text []byte, zipped bool) (map[string]string, error) {
	if zipped {
		z, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if text, err = io.ReadAll(z); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "}\n") {
			return nil, fmt.Errorf("%s: a line is cut off", key)
		}
		line = line[:len(line)-1]
		id := idOf(line)
		if _, twice := rows[id]; twice {
			return rows, fmt.Errorf("%s holds %s twice", key, id)
		}
		rows[id] = line
	}
	return rows, nil
}

// rows gives what readers find under a location. An id that is there twice is an error.
func (w *World) rows(location string) (map[string]string, error) {
	rows := map[string]string{}
	for o, err := range w.store.List(context.Background(), location, "") {
		if err != nil {
			return nil, err
		}
		c, err := w.slot(o)
		if err != nil {
			return nil, err
		}
		for id, line := range c.rows {
			if _, twice := rows[id]; twice {
				return nil, fmt.Errorf("%s is in %s twice", id, location)
			}
			rows[id] = line
		}
	}
	return rows, nil
}
