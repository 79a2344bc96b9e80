package generate

import "strconv"

// order is what an order comes to: a pure function of the index of the event that created it, so that those that follow can tell of the same one.
type order struct {
	number   uint64
	user     uint64
	currency string
	total    uint64 // in hundredths, tax included
	items    []item
}

type item struct {
	sku      string
	quantity uint64
	price    uint64 // of one, in hundredths
}

var (
	goods = []item{
		{"plus-1m", 1, 990}, {"plus-12m", 1, 7990}, {"family-12m", 1, 11990}, {"gems-1200", 1, 499}, {"book-es-a1", 1, 2450},
	}
	currencies = []string{"CHF", "EUR", "USD", "BRL", "MXN"}
)

// orderOf derives the order that was created with the event of that index.
func (a *author) orderOf(created uint64) order {
	h := mix(mix(a.options.Seed, saltOrder), created)
	o := order{
		number:   created,
		user:     a.userOf(created),
		currency: currencies[h%uint64(len(currencies))],
	}
	for n := range 1 + h>>8%2 {
		good := goods[(h>>16+n)%uint64(len(goods))]
		good.quantity = 1 + h>>(24+8*n)%16/12 // 1, at times 2
		o.items = append(o.items, good)
		o.total += good.quantity * good.price
	}
	return o
}

// earlierOrder finds an order that was created some time before this event; in the first moments of a stream it may be one created before its start.
func (a *author) earlierOrder() order {
	const reach = 1000 // indexes looked at; orders are a twelfth of them
	from := a.index - min(a.index, 1+a.Uint64N(200))
	for back := range min(reach, from) {
		if kindOf(a.options.Seed, from-back) == orderCreated {
			return a.orderOf(from - back)
		}
	}
	return a.orderOf(1<<40 + a.index)
}

// head appends the members that all three events of an order share.
func (o order) head(dst []byte) []byte {
	dst = append(dst, `"order_id":"ord_`...)
	dst = strconv.AppendUint(dst, 1_000_000_000+o.number, 36)
	dst = append(text(append(dst, `",`...), "currency", o.currency), ',')
	return money(dst, "total", o.total)
}

func (a *author) orderCreated(dst []byte) []byte {
	o := a.order
	dst = o.head(dst)
	dst = money(append(dst, `,"tax":{"rate":8.1,`...), "amount", o.total*81/1081)
	dst = append(dst, `,"included":true},"items":[`...)
	for n, it := range o.items {
		dst = append(comma(dst, n), '{')
		dst = text(dst, "sku", it.sku)
		dst = number(append(dst, ','), "quantity", it.quantity)
		dst = append(money(append(dst, ','), "unit_price", it.price), '}')
	}
	dst = append(dst, `],"coupon":`...)
	if a.IntN(6) == 0 {
		dst = quote(dst, a.pick([]string{"SPRING26", "WELCOME-10", "ÉTÉ"}))
	} else {
		dst = append(dst, "null"...)
	}
	dst = text(append(dst, `,"billing":{`...), "city", a.pick(cities))
	if a.IntN(3) > 0 {
		dst = append(dst, `,"zip":"`...)
		dst = append(strconv.AppendInt(dst, int64(1000+a.IntN(9000)), 10), '"')
	}
	return append(dst, '}')
}

// orderCompleted carries the provider's number of the payment, which needs more bits than a double has.
func (a *author) orderCompleted(dst []byte) []byte {
	o := a.order
	dst = o.head(dst)
	dst = number(append(dst, `,"provider":{"name":"paysta",`...), "reference", 1<<60+a.Uint64()>>5)
	dst = money(append(dst, ','), "fee", 30+o.total*29/1000)
	dst = text(append(dst, `},"method":{"type":"card",`...), "brand", a.pick(brands))
	dst = append(dst, `,"last4":"`...)
	dst = strconv.AppendInt(dst, int64(1000+a.IntN(9000)), 10)
	dst = append(dst, `"},"risk":{"score":0.`...)
	dst = strconv.AppendInt(dst, int64(1000+a.IntN(9000)), 10)
	dst = append(dst, `,"flags":[`...)
	if a.IntN(8) == 0 {
		dst = append(dst, `"new_device"`...)
	}
	return append(dst, "]}"...)
}

func (a *author) refund(dst []byte) []byte {
	o := a.order
	dst = o.head(dst)
	amount := o.total
	if a.IntN(3) == 0 {
		amount /= 2
	}
	dst = money(append(dst, ','), "amount", amount)
	dst = truth(append(dst, ','), "full", amount == o.total)
	dst = text(append(dst, ','), "reason", a.pick([]string{"requested_by_customer", "duplicate", "fraudulent"}))
	dst = append(dst, `,"note":`...)
	if a.IntN(2) == 0 {
		return append(dst, "null"...)
	}
	return quote(dst, a.pick(remarks))
}
