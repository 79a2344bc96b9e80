package simulation

// interfere has a person or a zombie do what nobody should.
func (w *World) interfere() {}
