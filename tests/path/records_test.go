package path

import "testing"

// TestCheckRecords: the check of forwarded bytes finds what is no TLS.
func TestCheckRecords(t *testing.T) {
	const hello, data, alert = "\x16\x03\x01\x00\x02ab", "\x17\x03\x03\x00\x03abc", "\x15\x03\x03\x00\x02xx"
	for name, tc := range map[string]struct {
		data string
		good bool
	}{
		"nothing":        {"", true},
		"records":        {hello + data + alert, true},
		"cut":            {hello + data[:6], true},
		"cut header":     {hello + data[:3], true},
		"data first":     {data, false},
		"HTTP":           {"POST / HTTP/1.1\r\n", false},
		"HTTP afterward": {hello + "HTTP/1.1 200 OK\r\n", false},
	} {
		if err := checkRecords([]byte(tc.data)); (err == nil) != tc.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
