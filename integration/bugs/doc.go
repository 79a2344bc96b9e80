// Package bugs proves that the simulation and the explorer bite: each of its deliberate bugs is put into a copy of the product's code, by
// the compiler's overlay, and must be found.
package bugs
