using System.Text;
using NetStack.Memory;
using NetStack.Nic.Pcap;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// One packet of a capture. Valid until the next <see cref="CaptureSource.TryRead"/>: the reader owns its bytes. To keep the
/// bytes longer, <see cref="PacketBody.Share()"/> the body.
/// </summary>
public readonly ref struct CaptureRecord
{
    private readonly CaptureSource _source;
    private readonly PacketFields _fields;

    internal CaptureRecord(CaptureSource source, in PacketFields fields, long number)
    {
        _source = source;
        _fields = fields;
        Number = number;
    }

    /// <summary>The packet's number in the source, from 1.</summary>
    public long Number { get; }

    /// <summary>When it was captured; null where the file does not say.</summary>
    public Timestamp? Timestamp => _fields.Timestamp;

    /// <summary>Bytes in the file.</summary>
    public int CapturedLength => _fields.Body.Length;

    /// <summary>Bytes on the wire, as the file says; may be less than <see cref="CapturedLength"/> in a wrong file.</summary>
    public int WireLength => _fields.WireLength;

    /// <summary>How the packet begins.</summary>
    public LinkType LinkType => _fields.LinkType;

    /// <summary>The interface it came in on: an index of <see cref="CaptureSource.Interfaces"/>.</summary>
    public int InterfaceIndex => _fields.Interface;

    /// <summary>The packet's bytes, by handle.</summary>
    public PacketBody Body => _fields.Body;

    /// <summary>The snapshot of its headers; nothing is fetched until asked.</summary>
    public HeaderSnapshot Headers => _source.Headers;

    /// <summary>The packet's first comment, read when asked; null where there is none.</summary>
    public string? Comment
    {
        get
        {
            PcapNgOptions options = new(ReadOptions(), _fields.IsBigEndian);
            while (options.MoveNext())
            {
                if (options.Code == OptionCode.Comment) return Encoding.UTF8.GetString(options.Value);
            }
            return null;
        }
    }

    /// <summary>Which way the packet went, read when asked.</summary>
    public PacketDirection Direction
    {
        get
        {
            PcapNgOptions options = new(ReadOptions(), _fields.IsBigEndian);
            while (options.MoveNext())
            {
                if (options.Code != OptionCode.PacketFlags || options.Value.Length != 4) continue;
                return (PacketDirection)((_fields.IsBigEndian ? options.Value[3] : options.Value[0]) & 3);
            }
            return PacketDirection.Unknown;
        }
    }

    internal CaptureSource Source => _source;

    /// <summary>The packet's options as they lie in the file, by handle.</summary>
    internal PacketBody Options => _fields.Options;

    /// <summary>The byte order of <see cref="Options"/>.</summary>
    internal bool IsBigEndian => _fields.IsBigEndian;

    private byte[] ReadOptions()
    {
        if (_fields.Options.IsEmpty) return [];
        byte[] options = new byte[_fields.Options.Length];
        _fields.Options.CopyTo(0, options, _source.OptionMeter);
        return options;
    }
}

/// <summary>Which way a packet went, from the point of view of the machine that captured it.</summary>
public enum PacketDirection
{
    /// <summary>Nobody says.</summary>
    Unknown = 0,

    /// <summary>It came in.</summary>
    Inbound = 1,

    /// <summary>It went out.</summary>
    Outbound = 2,
}
