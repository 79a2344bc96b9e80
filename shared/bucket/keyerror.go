package bucket

// KeyErrors finds every KeyError in the error of a Delete, however it has been joined or wrapped.
func KeyErrors(err error) []*KeyError {
	switch e := err.(type) { //nolint:errorlint // the tree is walked here, node by node
	case nil:
		return nil
	case *KeyError:
		return []*KeyError{e}
	case interface{ Unwrap() error }:
		return KeyErrors(e.Unwrap())
	case interface{ Unwrap() []error }:
		var found []*KeyError
		for _, one := range e.Unwrap() {
			found = append(found, KeyErrors(one)...)
		}
		return found
	}
	return nil
}
