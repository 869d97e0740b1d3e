package capacity

import "strings"

// mostTypos is how many letters a name may differ in to pass for a misspelt one.
const mostTypos = 2

// misspelt returns the types whose names are nearest to that of a type which nobody
// knows, in the order of the table. It is empty where all of them are far.
func misspelt(s Shape) []Shape {
	_, _, listed := find(s.InstanceType)
	_, old := Unsupported(s.InstanceType)
	if s.InstanceType == "" || s.VCPUs > 0 || listed || old {
		return nil
	}
	typed := strings.ToLower(s.InstanceType)
	var nearest []Shape
	least := mostTypos
	for _, s := range Catalogue() {
		d := distance(typed, s.InstanceType)
		if d < least {
			nearest, least = nil, d
		}
		if d == least {
			nearest = append(nearest, s)
		}
	}
	return nearest
}

// distance counts the letters to insert, delete, change or swap with their neighbour
// to make one name of another (optimal string alignment).
func distance(a, b string) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			changed := last[j-1]
			if a[i-1] != b[j-1] {
				changed++
			}
			row[j] = min(changed, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
