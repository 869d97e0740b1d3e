package relay

import (
	"io"
	"log/slog"
	"strings"
	"testing"
)

// BenchmarkLine has lines as the signer writes them, and the longest in one piece.
func BenchmarkLine(b *testing.B) {
	for name, text := range map[string]string{
		"text":   "2026-11-24T12:00:00.000000Z  INFO containment_chamber::api: signed pubkey=0x8f3a0b12 type=ATTESTATION slot=1234567 duration_ms=1.7",
		"object": `{"timestamp":"2026-11-24T12:00:00Z","level":"INFO","fields":{"message":"signed","pubkey":"0x8f3a0b12","slot":1234567},"target":"api"}`,
		"long":   strings.Repeat("signed 0x8f3a0b12, ", 800),
	} {
		b.Run(name, func(b *testing.B) {
			r := &Relay{Out: io.Discard, Log: slog.New(slog.DiscardHandler), surfaced: true}
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r.write(line(text))
			}
		})
	}
}
