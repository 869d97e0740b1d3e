package packed

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// magic begins every xz stream.
var magic = []byte("\xfd7zXZ\x00")

// Parts of the format: the check in the stream's flags, the filter, and how many bytes
// headers and footers have.
const (
	checkCRC32   = 1
	filterLZMA2  = 0x21
	headerSize   = 12
	blockSize    = 12 // of a header with one filter and no sizes
	footerSize   = 12
	longestIndex = 32 // of one block: two numbers of at most 9 bytes, and padding
)

// errForm is an xz stream that this package does not write.
var errForm = errors.New("an xz stream of another form: one block of LZMA2 with CRC-32 is read, and nothing behind it")

// IsXZ tells whether content begins as an xz stream does.
func IsXZ(head []byte) bool { return bytes.HasPrefix(head, magic) }

// Unpack returns the content of a stream of the form that [XZ] writes. It refuses others,
// and what unpacks to more than limit bytes. Its memory is bounded by the limit and the
// dictionary, whatever the stream says of itself.
func Unpack(r io.Reader, limit int64) ([]byte, error) {
	in := &counter{r: bufio.NewReader(r)}
	capacity, err := readHeaders(in)
	if err != nil {
		return nil, err
	}
	// No match goes back further than the content is long.
	capacity = min(capacity, max(limit, lzma.MinDictCap))
	// Not the package's own reader of streams: it allocates what a header asks for.
	decoder, err := lzma.Reader2Config{DictCap: int(capacity)}.NewReader2(in)
	if err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	content, err := io.ReadAll(io.LimitReader(decoder, limit+1))
	if err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("unpacks to more than %d bytes", limit)
	}
	return content, in.end(content)
}

// readHeaders reads those of stream and block, and returns the dictionary's size.
func readHeaders(in io.Reader) (int64, error) {
	var b [headerSize + blockSize]byte
	if _, err := io.ReadFull(in, b[:]); err != nil {
		return 0, errForm
	}
	stream, block := b[:headerSize], b[headerSize:]
	size := block[4]
	block[4] = 0
	want := []byte{blockSize/4 - 1, 0, filterLZMA2, 1, 0, 0, 0, 0}
	if !IsXZ(stream) || !bytes.Equal(stream[6:8], []byte{0, checkCRC32}) || !bytes.Equal(block[:8], want) {
		return 0, errForm
	}
	block[4] = size
	if sum(stream[6:8]) != binary.LittleEndian.Uint32(stream[8:]) || sum(block[:8]) != binary.LittleEndian.Uint32(block[8:]) {
		return 0, errors.New("the header of the xz stream is damaged")
	}
	capacity, err := lzma.DecodeDictCap(size)
	if err != nil || capacity > dictionary {
		return 0, errForm
	}
	return capacity, nil
}

// end reads what follows the block's data, which is determined by what came before.
func (c *counter) end(content []byte) error {
	data := c.n - headerSize
	want := make([]byte, padding(data), 4+longestIndex+footerSize)
	want = binary.LittleEndian.AppendUint32(want, sum(content))
	index := binary.AppendUvarint([]byte{0, 1}, uint64(data+4))
	index = binary.AppendUvarint(index, uint64(len(content)))
	index = append(index, make([]byte, padding(int64(len(index))))...)
	index = binary.LittleEndian.AppendUint32(index, sum(index))
	footer := binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1))
	footer = append(footer, 0, checkCRC32)
	want = binary.LittleEndian.AppendUint32(append(want, index...), sum(footer))
	want = append(append(want, footer...), "YZ"...)
	got, err := io.ReadAll(io.LimitReader(c.r, int64(len(want))+1))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return errors.New("the end of the xz stream does not fit its content")
	}
	return nil
}

func padding(n int64) int { return int(-n & 3) }

func sum(b []byte) uint32 { return crc32.ChecksumIEEE(b) }

// counter counts what the decoder has read, by which the end is found.
type counter struct {
	r *bufio.Reader
	n int64
}

// Read implements [io.Reader].
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ReadByte implements [io.ByteReader].
func (c *counter) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}
