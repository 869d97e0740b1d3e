package clock

import (
	"testing"
	"time"
)

func TestDecide(t *testing.T) {
	now := Floor().Add(30 * 24 * time.Hour)
	boot := time.Unix(12, 0)
	for name, tc := range map[string]struct {
		own, hint, set time.Time
		refused        bool
	}{
		"right already":           {own: now, hint: now.Add(MinStep - 1)},
		"a little behind":         {own: now, hint: now.Add(MinStep), set: now.Add(MinStep)},
		"a year behind":           {own: now, hint: now.AddDate(1, 0, 0), set: now.AddDate(1, 0, 0)},
		"back within the bound":   {own: now, hint: now.Add(-MaxBack), set: now.Add(-MaxBack)},
		"back beyond it":          {own: now, hint: now.Add(-MaxBack - 1), refused: true},
		"no clock":                {own: boot, hint: now, set: now},
		"the floor":               {own: boot, hint: Floor(), set: Floor()},
		"before the floor":        {own: boot, hint: Floor().Add(-1), set: Floor(), refused: true},
		"before the floor, own":   {own: now, hint: Floor().Add(-1), refused: true},
		"the far future":          {own: now, hint: Floor().Add(MaxAhead + 1), refused: true},
		"the far future, no own":  {own: boot, hint: Floor().Add(MaxAhead + 1), set: Floor(), refused: true},
		"own in the far future":   {own: Floor().Add(MaxAhead + 1), hint: now, set: now},
		"the last possible":       {own: now, hint: Floor().Add(MaxAhead), set: Floor().Add(MaxAhead)},
		"zero, which has no sign": {own: now, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			got := Decide(tc.own, tc.hint)
			if !got.Set.Equal(tc.set) || (got.Refused != "") != tc.refused {
				t.Errorf("%+v, want %v, refused: %v", got, tc.set, tc.refused)
			}
		})
	}
}

// TestFloorHasPassed: a floor in the future would stop every enclave.
func TestFloorHasPassed(t *testing.T) {
	if !time.Now().After(Floor()) {
		t.Errorf("the floor %v is in the future of this machine", Floor())
	}
}
