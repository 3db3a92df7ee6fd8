using System.Text;
using NetStack.Memory;
using NetStack.Nic.Pcap;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// One packet of a capture. Valid until the next <see cref="CaptureReader.TryRead"/>: the reader owns its bytes. To keep the
/// bytes longer, <see cref="PacketBody.Share()"/> the body.
/// </summary>
public readonly ref struct CaptureRecord
{
    private readonly CaptureReader _reader;
    private readonly PacketFields _fields;

    internal CaptureRecord(CaptureReader reader, in PacketFields fields, long number)
    {
        _reader = reader;
        _fields = fields;
        Number = number;
    }

    /// <summary>The packet's number in the file, from 1.</summary>
    public long Number { get; }

    /// <summary>When it was captured; null where the file does not say.</summary>
    public Timestamp? Timestamp => _fields.Timestamp;

    /// <summary>Bytes in the file.</summary>
    public int CapturedLength => _fields.Body.Length;

    /// <summary>Bytes on the wire, as the file says; may be less than <see cref="CapturedLength"/> in a wrong file.</summary>
    public int WireLength => _fields.WireLength;

    /// <summary>How the packet begins.</summary>
    public LinkType LinkType => _fields.LinkType;

    /// <summary>The interface it came in on: an index of <see cref="CaptureReader.Interfaces"/>.</summary>
    public int InterfaceIndex => _fields.Interface;

    /// <summary>The packet's bytes, by handle.</summary>
    public PacketBody Body => _fields.Body;

    /// <summary>The snapshot of its headers; nothing is fetched until asked.</summary>
    public HeaderSnapshot Headers => _reader.Headers;

    /// <summary>The packet's first comment, read when asked; null where there is none.</summary>
    public string? Comment
    {
        get
        {
            const ushort CommentCode = 1;
            if (_fields.Options.Length < 4) return null;
            byte[] options = new byte[_fields.Options.Length];
            _fields.Options.CopyTo(0, options, _reader.Meter);
            PcapNgOptions reader = new(options, _fields.IsBigEndian);
            while (reader.MoveNext())
            {
                if (reader.Code == CommentCode) return Encoding.UTF8.GetString(reader.Value);
            }
            return null;
        }
    }
}
