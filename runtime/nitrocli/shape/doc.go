// Package shape has the JSON that nitro-cli prints: its fields, in its order. Programs
// that read it find the same here. The names are those of aws-nitro-enclaves-cli,
// src/common/json_output.rs.
package shape
