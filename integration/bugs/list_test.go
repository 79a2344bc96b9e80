package bugs

// bug is a change of the product's code that breaks a promise.
type bug struct {
	name  string
	edits []edit
	by    string // the package that finds it
	seeds int    // of the simulation, within which it does
	scene string // of the explorer, in which it does
}

// edit replaces what stands once in a file of the product.
type edit struct{ file, old, with string }

const (
	simulation = "simulation"
	explorer   = "explorer"

	seal = "columns follow while a seal lands"
)

func in(file, old, with string) []edit { return []edit{{file, old, with}} }

const (
	commitGo = "services/compactor/commit.go"
	noteGo   = "services/compactor/note.go"
	decideGo = "services/compactor/decide.go"
	lookGo   = "services/compactor/look.go"
	majorGo  = "services/compactor/major.go"
	mergeGo  = "services/compactor/merge.go"
	dedupeGo = "services/compactor/dedupe.go"
	readGo   = "services/compactor/read.go"
	sieveGo  = "services/compactor/sieve.go"
	sweepGo  = "services/compactor/sweep.go"
	followGo = "services/compactor/follow.go"
	evolveGo = "services/compactor/evolve.go"
	ingestGo = "services/ingest/ingest.go"
	putGo    = "services/ingest/put.go"
	claimGo  = "services/ingest/claim.go"
	packedGo = "services/compactor/packed.go"
	pieceGo  = "services/ingest/fragment.go"
	rollGo   = "shared/ledger/rollup.go"
)

var bugs = []bug{
	{"a slot is created without If-None-Match", in(commitGo, "bucket.Condition{Absent: true})", "bucket.Condition{})"), simulation, 500, ""},
	{"a create whose outcome is unknown counts as done", in(commitGo, "failed = err // taken", "return nil, nil // taken"), simulation, 500, ""},
	{"the sweep frees a slot's name", in(sweepGo,
		"_, err = v.bucket.Put(ctx, s.object.Key, bytes.NewReader(body), bucket.Condition{Match: s.object.ETag})",
		"_ = bytes.NewReader(body)\n\t\terr = v.bucket.Delete(ctx, bucket.Object{Key: s.object.Key})"), simulation, 500, ""},
	{"the sweep empties seals", in(decideGo,
		"for _, d := range s.chain[i].data() {\n\t\t\tif !wait",
		"for j := range s.chain[i].slots {\n\t\t\td := &s.chain[i].slots[j]\n\t\t\tif !wait"), simulation, 500, ""},
	{"a generation is sealed before its successor is whole", in(majorGo,
		"\tfor _, group := range plan {\n\t\twrote, err := r.add(ctx, group)",
		"\tif err := v.seal(ctx, s, r); err != nil {\n\t\treturn err\n\t}\n\tfor _, group := range plan {\n\t\twrote, err := r.add(ctx, group)"), simulation, 500, ""},
	{"a part that was faster than the seal is not copied", in(majorGo,
		"if _, err := r.add(ctx, []*slot{&raced}); err != nil {\n\t\t\treturn err\n\t\t}", "_ = raced"), simulation, 2000, ""},
	{"a part is committed while the Location names another generation", in(decideGo,
		"if s.entry.Location != layout.Location(s.partition, cur.name) {", "if false {"), simulation, 500, ""},
	{"a successor is published before the seal", in(majorGo,
		"\tif err := v.seal(ctx, s, r); err != nil {\n\t\treturn err\n\t}\n\tv.result.Majors++\n\ts.chain = append(s.chain, generation{name: r.generation})\n",
		"\tt := *s\n\tt.chain = append(t.chain[:len(t.chain):len(t.chain)], generation{name: r.generation})\n\tif err := v.publish(ctx, &t); err != nil {\n\t\treturn err\n\t}\n"+
			"\tif err := v.seal(ctx, s, r); err != nil {\n\t\treturn err\n\t}\n\tv.result.Majors++\n\ts.chain = append(s.chain, generation{name: r.generation})\n"), simulation, 500, ""},
	{"an orphan is swept while its parent is not sealed", in(decideGo, "\tif majorDue(cur, p) {",
		"\tif len(s.orphans) > 0 {\n\t\tvar g garbage\n\t\tfor _, x := range s.orphans[0].objects {\n\t\t\tg.objects = append(g.objects, object{Object: x})\n\t\t}\n"+
			"\t\treturn decision{do: doSweep, sweep: g}, nil\n\t}\n\tif majorDue(cur, p) {"), simulation, 500, ""},
	{"fragments are deleted before the commit", in(commitGo,
		"\tat := layout.Slot{Partition: m.partition, Generation: s.current().name, Number: len(s.current().slots)}\n",
		"\tfor _, f := range m.fragments {\n\t\tif err := m.bucket.Delete(ctx, f.object); err != nil {\n\t\t\treturn err\n\t\t}\n\t}\n"+
			"\tat := layout.Slot{Partition: m.partition, Generation: s.current().name, Number: len(s.current().slots)}\n"), simulation, 500, ""},
	{"there is no grace", in(decideGo, "settled := s.entry.PublishedAt.Add(p.Grace)", "settled := s.entry.PublishedAt"), simulation, 2000, ""},
	{"fragments are deleted while events_live reads them", in(decideGo,
		"wait(unread) || ", "!unread.IsZero() && "), simulation, 2000, ""},
	{"an index counts without its part", in(lookGo,
		"\tfor i := range s.fragments {\n\t\ts.fragments[i].consumed =",
		"\tfor _, o := range s.indexes {\n\t\tif head, err := index.ReadHead(ctx, v.bucket, o.Key); err == nil {\n\t\t\tfor _, f := range head.Consumed {\n"+
			"\t\t\t\tif consumed[f.Name] == nil {\n\t\t\t\t\tconsumed[f.Name] = &slot{}\n\t\t\t\t}\n\t\t\t}\n\t\t}\n\t}\n\tfor i := range s.fragments {\n\t\ts.fragments[i].consumed ="),
		simulation, 500, ""},
	{"what is noted of a slot counts when it was changed", in(noteGo, "ok && k.ETag == s.object.ETag {", "ok {"), simulation, 500, ""},
	{"the catalog is read after the slots", []edit{
		{lookGo, "\tentries, err := v.catalog.Partitions(ctx, v.partition)\n",
			"\tif err := v.lookFragments(ctx, s); err != nil {\n\t\treturn nil, err\n\t}\n\tif err := v.lookMarks(ctx, s); err != nil {\n\t\treturn nil, err\n\t}\n" +
				"\tif err := v.lookSlots(ctx, s); err != nil {\n\t\treturn nil, err\n\t}\n\tentries, err := v.catalog.Partitions(ctx, v.partition)\n"},
		{lookGo, "\tif err := v.lookFragments(ctx, s); err != nil {\n\t\treturn nil, err\n\t}\n\tif err := v.lookMarks(ctx, s); err != nil {\n\t\treturn nil, err\n\t}\n" +
			"\tif err := v.lookSlots(ctx, s); err != nil {\n\t\treturn nil, err\n\t}\n\tif err := v.lookIndexes", "\tif err := v.lookIndexes"},
	}, simulation, 2000, ""},
	{"ids that the generation has are not dropped", in(mergeGo, "if d.Lane.Overlaps(lane) {", "if false {"), simulation, 500, ""},
	{"who loses a slot to its own lane takes the next", in(commitGo,
		"case taken.Kind != part.Data || taken.Lane.Overlaps(m.lane):", "case taken.Kind != part.Data:"), simulation, 2000, ""},
	{"a part without its last group", in(majorGo, "for _, group := range plan {\n\t\twrote", "for _, group := range plan[:max(1, len(plan)-1)] {\n\t\twrote"), simulation, 500, ""},
	{"the table grows after the commit", []edit{
		{commitGo, "\tif err := m.evolve(ctx, m.table, m.schema); err != nil {\n\t\treturn fmt.Errorf(\"evolve table: %w\", err)\n\t}\n", ""},
		{commitGo, "\t\t\tm.count()\n\t\t\treturn nil\n", "\t\t\tm.count()\n\t\t\treturn m.evolve(ctx, m.table, m.schema)\n"},
	}, simulation, 500, ""},
	{"an hour's columns do not follow the table's", []edit{
		{decideGo, "if !schema.Equal(s.entry.Columns, declared(s.table)) {", "if _ = schema.Equal; false {"},
		{followGo, "behind := v.inOrder(slices.DeleteFunc(all, func(p catalog.Partition) bool { return schema.Equal(p.Columns, to) }))",
			"behind := v.inOrder(slices.DeleteFunc(all, func(catalog.Partition) bool { return true }))"},
	}, simulation, 500, ""},
	{"a conflict is dropped as if it were a copy", in(dedupeGo, "\treturn conflict\n}", "\treturn duplicate\n}"), simulation, 500, ""},
	{"what the sieve lets through counts as new", in(sieveGo, "some[i].doubted = uint32(from+i), hashes[i] == 1", "some[i].doubted = uint32(from+i), false"), simulation, 500, ""},
	{"what the sieve let through is forgotten", in("services/compactor/minor.go", "return m.resolve(ctx)", "return nil"), simulation, 500, ""},
	{"a compressed member is copied, copies and all", in(packedGo, "if m.chunk.fate(i) != fresh {", "if false {"), simulation, 500, ""},
	{"the columns of a copied member are forgotten", in(packedGo, "m.schema.Include(columns)", "_ = columns"), simulation, 500, ""},
	{"a fragment that is cut off counts as whole", in(readGo, "if !f.Gzip && xxhash.Sum64(text) != f.Hash {", "if false {"), simulation, 2000, ""},
	{"a delivery is reported as done whatever became of its writes", in(ingestGo,
		"if err := i.put(ctx, b, fragments); err != nil {\n\t\treturn Result{}, err\n\t}", "_ = i.put(ctx, b, fragments)"), simulation, 500, ""},
	{"events are claimed as stored before they are", in(ingestGo,
		"\tif err := i.put(ctx, b, fragments); err != nil {\n\t\treturn Result{}, err\n\t}\n\tif err := i.settle(ctx, b, fragments); err != nil {\n\t\treturn Result{}, err\n\t}\n",
		"\tif err := i.settle(ctx, b, fragments); err != nil {\n\t\treturn Result{}, err\n\t}\n\tif err := i.put(ctx, b, fragments); err != nil {\n\t\treturn Result{}, err\n\t}\n"), simulation, 500, ""},
	{"a claim has no owner", []edit{
		{claimGo, "case claims.Duplicate:", "case claims.Duplicate, claims.Own:"},
		{claimGo, "case claims.Fresh, claims.Own:", "case claims.Fresh:"},
	}, simulation, 500, ""},
	{"a fragment's key holds the time", []edit{
		{pieceGo, "Span: b.span, Gzip", "Span: layout.Span{Shard: fmt.Sprint(b.span.Shard, \"-\", time.Now().UnixMilli()%1000), First: b.span.First, Last: b.span.Last}, Gzip"},
		{pieceGo, "\t\"slices\"\n", "\t\"slices\"\n\t\"time\"\n"},
	}, simulation, 500, ""},
	{"rejected records are dropped when they cannot be stored", in(putGo,
		"b.keys[k], err = quarantine.Put(ctx, i.bucket, b.span, rejects)\n\t\t\treturn err", "b.keys[k], _ = quarantine.Put(ctx, i.bucket, b.span, rejects)\n\t\t\treturn nil"), simulation, 500, ""},
	{"the ledger's entries are deleted before their rollup lies there", []edit{
		{rollGo, "\tkey := layout.Rollup{", "\tfor batch := range slices.Chunk(gone, deleteAtOnce) {\n\t\tif err := b.Delete(ctx, batch...); err != nil && !errors.Is(err, bucket.ErrChanged) {\n" +
			"\t\t\treturn err\n\t\t}\n\t}\n\tkey := layout.Rollup{"},
	}, simulation, 2000, ""},
	{"errors of single keys of a deletion are passed over", in(sweepGo,
		"if err := v.bucket.Delete(ctx, batch...); err != nil {", "if err := v.bucket.Delete(ctx, batch...); err != nil && len(bucket.KeyErrors(err)) == 0 {"), simulation, 500, ""},
	{"minor compaction does not wait for catalog writes that are under way", in(decideGo,
		"len(s.chain) > 1 && s.at.Before(settled) {", "false {"), explorer, 0, seal},
	{"minor compaction waits for writes by the clock of the commit, not of the look", in(decideGo,
		"if settled := s.entry.WrittenAt.Add(p.Bound); len(s.chain) > 1 && s.at.Before(settled) {",
		"if settled := s.entry.WrittenAt; len(s.chain) > 1 && now.Before(settled) {"), explorer, 0, seal},
	{"a Location is published with no bound where the catalog compares", in(followGo, "return max(p.Grace-p.LongestQuery, leastLanding)", "return 1e6 * leastLanding"), explorer, 0, "zombies"},
	{"a write to the catalog lands whenever it comes", in(followGo, "ctx, stop := context.WithTimeout(ctx, left)", "ctx, stop := context.WithTimeout(ctx, 1e6*left)"), simulation, 2000, ""},
}
