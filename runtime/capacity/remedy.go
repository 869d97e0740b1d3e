package capacity

import (
	"fmt"
	"strings"
)

// Remedy is one change to a request that makes a fault go away.
type Remedy struct {
	// Property is the component's input to change: not always the one that the
	// fault is of.
	Property string
	// Value is an int for numbers and a string for the rest. The empty string
	// means to leave the input out.
	Value any
	// need describes a suggested instance type: "with at least 6 vCPUs".
	need string
}

// Apply returns the request with the remedy's value in place.
func (m Remedy) Apply(r Request) Request {
	switch m.Property {
	case propertyType:
		r.Shape, _ = LookupShape(m.Value.(string))
	case propertyCPUs:
		r.Enclave.CPUs = m.Value.(int)
	case propertyMemory:
		r.Enclave.MemoryMiB = m.Value.(int)
	case propertyImage:
		r.Enclave.ImageMiB = m.Value.(int)
	case propertyEnclaves:
		r.EnclavesPerNode = m.Value.(int)
	case propertyReservation:
		r.Reservation = Reservation(m.Value.(string))
	case propertyPageSize:
		r.PageSize = PageSize(m.Value.(string))
	}
	return r
}

// usable leaves out placeholders, and other types while the shape itself is wrong.
func (m Remedy) usable(fits bool) bool {
	return m.Value != nil && (fits || m.Property != propertyType)
}

func remedies(property string, values []int) []Remedy {
	var all []Remedy
	for _, v := range values {
		all = append(all, Remedy{Property: property, Value: v})
	}
	return all
}

// phrase is the remedy in a sentence about the given property.
func (m Remedy) phrase(property string) string {
	switch {
	case m.Value == nil:
		return "an instance type " + m.need
	case m.Property == propertyType && m.need != "":
		return fmt.Sprintf("an instance type %s such as %s", m.need, m.Value)
	case m.Property == property:
		return literal(m.Value)
	}
	return m.Property + " " + literal(m.Value)
}

func literal(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(v)
}

// wayOut joins remedies to one clause: "use 2, or 4".
func wayOut(property string, ms []Remedy) string {
	var parts []string
	for _, m := range ms {
		if m.Value == "" {
			return "leave it out" + strings.Replace(wayOut(property, ms[1:]), "use ", ", or use ", 1)
		}
		parts = append(parts, m.phrase(property))
	}
	if len(parts) == 0 {
		return ""
	}
	last := len(parts) - 1
	if last == 0 {
		return "use " + parts[0]
	}
	return "use " + strings.Join(parts[:last], ", ") + ", or " + parts[last]
}
