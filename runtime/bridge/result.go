package bridge

import (
	"log/slog"
	"time"
)

// End says how a connection ended.
type End string

// The ways in which a connection ends.
const (
	// EndClosed: both directions ended with EOF.
	EndClosed End = "closed"
	// EndBroken: one side could not be read or written any more.
	EndBroken End = "broken"
	// EndIdle: no byte moved for IdleTimeout.
	EndIdle End = "idle"
	// EndCut: Serve's ctx ended, or a Shutdown did not wait any longer.
	EndCut End = "cut"
	// EndDialFailed: Dial returned an error; the client was reset.
	EndDialFailed End = "dial-failed"
	// EndRefused: there were MaxConns connections; the client was reset.
	EndRefused End = "refused"
)

// Ends lists all ways in which a connection ends.
func Ends() []End {
	return []End{EndClosed, EndBroken, EndIdle, EndCut, EndDialFailed, EndRefused}
}

// Result is what is known of a connection after its end.
type Result struct {
	// Bridge is the bridge's name.
	Bridge string
	// End is how it ended, and Err why; Err is nil for EndClosed and EndRefused.
	End End
	Err error
	// DialError is the kind of the error for EndDialFailed.
	DialError DialError
	// Sent counts the bytes that the client's side got through to the other,
	// Received those of the way back.
	Sent, Received int64
	// DialTime is how long the client waited for Dial, with the wait for its turn.
	DialTime time.Duration
	// Duration is the time from the accept to the end.
	Duration time.Duration
}

func (r Result) attrs() []slog.Attr {
	a := []slog.Attr{
		slog.String("end", string(r.End)),
		slog.Int64("sent", r.Sent), slog.Int64("received", r.Received),
		slog.Duration("dial", r.DialTime), slog.Duration("duration", r.Duration),
	}
	if r.Err != nil {
		a = append(a, slog.Any("error", r.Err))
	}
	return a
}
