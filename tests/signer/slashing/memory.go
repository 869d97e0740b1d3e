package slashing

import (
	"context"
	"sync"
)

// Memory is a store that ends with the process.
type Memory struct {
	mu      sync.Mutex
	records map[string]Record
}

// Load implements [Store].
func (m *Memory) Load(_ context.Context, name string) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records[name], nil
}

// Save implements [Store].
func (m *Memory) Save(_ context.Context, name string, r Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records[name].Revision+1 != r.Revision {
		return ErrConflict
	}
	if m.records == nil {
		m.records = map[string]Record{}
	}
	m.records[name] = r
	return nil
}
