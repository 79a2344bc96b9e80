package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MarshalJSON gives the type in the shape of the values that it describes: "int", ["string"], {"Id":"long","tags":["null"]}. The keys are
// the spellings, from which the names follow. A whole table is written as Type{Kind: Struct, Fields: columns}.
func (t Type) MarshalJSON() ([]byte, error) { return t.appendJSON(nil) }

func (t Type) appendJSON(b []byte) (_ []byte, err error) {
	switch t.Kind {
	case Array:
		if b, err = t.elem().appendJSON(append(b, '[')); err != nil {
			return nil, err
		}
		return append(b, ']'), nil
	case Struct:
		b = append(b, '{')
		for i, f := range t.Fields {
			if i > 0 {
				b = append(b, ',')
			}
			if f.Name != Fold(f.spelt()) {
				return nil, fmt.Errorf("field %q is spelt %q", f.Name, f.Spelling)
			}
			key, err := json.Marshal(f.spelt())
			if err != nil {
				return nil, err
			}
			if b, err = f.Type.appendJSON(append(append(b, key...), ':')); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}
	if int(t.Kind) >= kinds {
		return nil, fmt.Errorf("kind %d is unknown", t.Kind)
	}
	return append(append(append(b, '"'), t.Kind.String()...), '"'), nil
}

// UnmarshalJSON reads what MarshalJSON writes. It refuses unknown kinds, two members of one name, and nesting deeper than 64.
func (t *Type) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	read, err := decodeType(d, 0)
	if err != nil {
		return fmt.Errorf("decode type: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("decode type: more follows")
	}
	*t = read
	return nil
}

func decodeType(d *json.Decoder, depth int) (Type, error) {
	token, err := d.Token()
	if err != nil {
		return Type{}, err
	}
	switch v := token.(type) {
	case string:
		return scalarNamed(v)
	case json.Delim:
		if depth == maxDepth {
			return Type{}, fmt.Errorf("nests deeper than %d", maxDepth)
		}
		switch v {
		case '[':
			return decodeArray(d, depth+1)
		case '{':
			return decodeStruct(d, depth+1)
		}
	}
	return Type{}, fmt.Errorf("%v is no type", token)
}

func scalarNamed(name string) (Type, error) {
	for k := Null; k <= String; k++ {
		if k.String() == name {
			return Type{Kind: k}, nil
		}
	}
	return Type{}, fmt.Errorf("%q is no type", name)
}

func decodeArray(d *json.Decoder, depth int) (Type, error) {
	elem, err := decodeType(d, depth)
	if err != nil {
		return Type{}, err
	}
	if token, err := d.Token(); err != nil || token != json.Delim(']') {
		return Type{}, errors.Join(errors.New("an array has one element type"), err)
	}
	return Type{Kind: Array, Elem: &elem}, nil
}

func decodeStruct(d *json.Decoder, depth int) (Type, error) {
	t := Type{Kind: Struct, Fields: []Field{}}
	names := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return Type{}, err
		}
		f := Field{Spelling: token.(string)} // the decoder gives nothing else for a key
		if f.Name = Fold(f.Spelling); names[f.Name] {
			return Type{}, fmt.Errorf("member %q comes twice", f.Name)
		}
		names[f.Name] = true
		if f.Type, err = decodeType(d, depth); err != nil {
			return Type{}, err
		}
		t.Fields = append(t.Fields, f)
	}
	_, err := d.Token()
	return t, err
}
