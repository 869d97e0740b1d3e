package control

import (
	"encoding/json"
	"net/http"
	"time"
)

// logs streams lines for as long as the caller reads them. The guest's buffer, not
// this connection, decides what is lost.
func (s *server) logs(w http.ResponseWriter, r *http.Request) {
	connection := http.NewResponseController(w)
	// The server's time limits are for requests; this one has no end.
	_ = connection.SetReadDeadline(time.Time{})
	_ = connection.SetWriteDeadline(time.Time{})
	w.Header().Set("Content-Type", linesType)
	w.WriteHeader(http.StatusOK)
	_ = connection.Flush()
	encoder := json.NewEncoder(w)
	err := s.guest.Logs(r.Context(), func(line Line) error {
		if err := encoder.Encode(line); err != nil {
			return err
		}
		return connection.Flush()
	})
	if err != nil && r.Context().Err() == nil {
		s.log.Warn("the log stream has ended", "error", err)
	}
}
