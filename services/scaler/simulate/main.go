// Command simulate has the scaler look at a stream under many kinds of traffic, and prints what came of it as a table for the README.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/lakebed/lakebed/services/scaler"
)

func main() { table(os.Stdout) }

// table prints a row for each shape.
func table(w io.Writer) {
	fmt.Fprintln(w, "| traffic | | shards | calls a day, most in 24 h | lost | $ a day | of the ideal | of on demand |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|")
	for _, sh := range shapes {
		r := run(sh, scaler.Default(1, 100))
		days := sh.lasts.Hours() / 24
		fmt.Fprintf(w, "| %s | %s | %d to %d | %.1f, %d | %.3f %% | %.2f | %.2f | %.2f |\n", sh.name, sh.says, r.least, r.most,
			float64(r.calls)/days, r.mostCalls, 100*r.lost, r.paid, r.paid/r.ideal, r.paid/r.onDemand)
	}
}
