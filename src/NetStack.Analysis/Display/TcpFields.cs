using System.Buffers.Binary;
using NetStack.Wire;
using static NetStack.DisplayFieldType;

namespace NetStack.Analysis;

/// <summary>TCP, as far as one header tells.</summary>
internal static class TcpFields
{
    internal static void Add(FieldList fields)
    {
        fields.Protocol("tcp", "TCP", LayerKind.Tcp);
        fields.Number("tcp.srcport", 2, "Source port", 0);
        fields.Number("tcp.dstport", 2, "Destination port", 2);
        fields.Number("tcp.port", 2, "Source or destination port", 0).And(2);
        fields.Number("tcp.seq_raw", 4, "Sequence number as on the wire", 4);
        fields.Number("tcp.ack_raw", 4, "Acknowledgment number as on the wire", 8);
        fields.Computed("tcp.hdr_len", Unsigned8, "Bytes in the header", (scoped in _, scoped in _, h, i, out v) => NetworkFields.Scaled(i, h, 12, 0xF0, 4, out v));
        fields.Computed("tcp.len", Unsigned32, "Bytes of payload", PayloadLength);
        Flags(fields);
        fields.Number("tcp.window_size_value", 2, "Window as on the wire", 14);
        fields.Number("tcp.checksum", 2, "Checksum", 16, hex: true);
        fields.Number("tcp.urgent_pointer", 2, "Urgent pointer", 18);
        Options(fields);
        Connection(fields);
    }

    private static void Flags(FieldList fields)
    {
        fields.Number("tcp.flags", 2, "Flags", 12, 0x0FFF, hex: true);
        fields.Flag("tcp.flags.res", "Reserved bits", 12, 2, 0x0E00);
        fields.Flag("tcp.flags.ae", "Accurate ECN", 12, 2, 0x0100);
        fields.Flag("tcp.flags.cwr", "Congestion window reduced", 12, 2, 0x0080);
        fields.Flag("tcp.flags.ece", "ECN echo", 12, 2, 0x0040);
        fields.Flag("tcp.flags.urg", "Urgent", 12, 2, 0x0020);
        fields.Flag("tcp.flags.ack", "Acknowledgment", 12, 2, 0x0010);
        fields.Flag("tcp.flags.push", "Push", 12, 2, 0x0008);
        fields.Flag("tcp.flags.reset", "Reset", 12, 2, 0x0004);
        fields.Flag("tcp.flags.syn", "Synchronise", 12, 2, 0x0002);
        fields.Flag("tcp.flags.fin", "Finish", 12, 2, 0x0001);
        fields.Computed("tcp.flags.str", Text, "Flags as letters", FlagText);
    }

    private static void Options(FieldList fields)
    {
        fields.Computed("tcp.options", Bytes, "All options", AllOptions);
        fields.Computed("tcp.option_kind", Unsigned8, "Kind of an option", (scoped in _, scoped in l, h, i, out v) => OptionFields.Kind(OptionsOf(l, h), i, out v));
        fields.Computed("tcp.option_len", Unsigned8, "Bytes in an option", (scoped in _, scoped in l, h, i, out v) => OptionFields.Length(OptionsOf(l, h), i, out v));
        fields.Computed("tcp.options.mss_val", Unsigned16, "Maximum segment size", Option(TcpOptionKind.MaximumSegmentSize, 4, 0, 2));
        fields.Computed("tcp.options.wscale.shift", Unsigned8, "Window scale", Option(TcpOptionKind.WindowScale, 3, 0, 1));
        fields.Computed("tcp.options.wscale.multiplier", Unsigned16, "What the window scale multiplies by", Multiplier);
        fields.Computed("tcp.options.timestamp.tsval", Unsigned32, "Timestamp", Option(TcpOptionKind.Timestamps, 10, 0, 4));
        fields.Computed("tcp.options.timestamp.tsecr", Unsigned32, "Timestamp echoed", Option(TcpOptionKind.Timestamps, 10, 4, 4));
        fields.Computed("tcp.options.sack.count", Unsigned8, "Blocks in the SACK option", SackCount);
    }

    /// <summary>Wireshark's remarks on segments that begin or end a connection.</summary>
    private static void Connection(FieldList fields)
    {
        fields.Computed("tcp.connection.syn", None, "Asks for a connection", Remark(f => (f & (TcpFlags.Syn | TcpFlags.Ack)) == TcpFlags.Syn));
        fields.Computed("tcp.connection.synack", None, "Accepts a connection", Remark(f => (f & (TcpFlags.Syn | TcpFlags.Ack)) == (TcpFlags.Syn | TcpFlags.Ack)));
        fields.Computed("tcp.connection.fin", None, "Ends a connection", Remark(f => (f & TcpFlags.Fin) != 0));
        fields.Computed("tcp.connection.rst", None, "Resets a connection", Remark(f => (f & TcpFlags.Rst) != 0));
    }

    internal static ReadOnlySpan<byte> OptionsOf(scoped in Layer layer, ReadOnlySpan<byte> header) =>
        layer.IsWhole && TcpView.TryRead(header, out TcpView tcp) ? tcp.Options : default;

    private static FieldReader Remark(Func<TcpFlags, bool> isTrue) => (scoped in _, scoped in _, header, index, out value) =>
    {
        value = FieldValue.Of(true);
        return index == 0 && TcpView.TryRead(header, out TcpView tcp) && isTrue(tcp.Flags);
    };

    private static bool PayloadLength(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        value = new FieldValue((UInt128)layer.PayloadLength);
        return layer.IsWhole && index == 0;
    }

    private static bool FlagText(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        value = default;
        if (index > 0 || !TcpView.TryRead(header, out TcpView tcp)) return false;
        LineWriter line = new(scope.State.Text);
        ReadOnlySpan<byte> letters = "RRRACEUAPRSF"u8;
        for (int i = 0; i < letters.Length; i++)
        {
            if (((int)tcp.Flags >> (letters.Length - 1 - i) & 1) != 0) line.Append((char)letters[i]);
            else line.Append("·"u8);
        }
        value = new FieldValue(scope.State.Text[..line.Length]);
        return true;
    }

    private static bool AllOptions(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        value = new FieldValue(OptionsOf(layer, header));
        return index == 0 && !value.Bytes.IsEmpty;
    }

    /// <summary>A number in an option of a kind and length; an option may occur more than once.</summary>
    private static FieldReader Option(TcpOptionKind kind, int length, int at, int size) => (scoped in _, scoped in layer, header, index, out value) =>
    {
        OptionReader reader = new(OptionsOf(layer, header));
        while (reader.MoveNext())
        {
            if (reader.Kind != (byte)kind || reader.Data.Length != length - 2 || reader.IsMalformed || index-- > 0) continue;
            return new FieldSource(at, size).TryRead(reader.Data, out value);
        }
        value = default;
        return false;
    };

    private static bool Multiplier(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        TcpOptions options = TcpOptions.Read(OptionsOf(layer, header));
        value = new FieldValue(UInt128.One << Math.Clamp(options.WindowScale, 0, 14));
        return index == 0 && options.WindowScale >= 0;
    }

    private static bool SackCount(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        OptionReader reader = new(OptionsOf(layer, header));
        while (reader.MoveNext())
        {
            if (reader.Kind != (byte)TcpOptionKind.Sack || reader.IsMalformed || index-- > 0) continue;
            value = new FieldValue((UInt128)(reader.Data.Length / SackBlock.Size));
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>An edge of a SACK block, from 0 through all blocks.</summary>
    internal static bool TryGetSackEdge(scoped in Layer layer, ReadOnlySpan<byte> header, int index, bool isRight, out uint edge)
    {
        OptionReader reader = new(OptionsOf(layer, header));
        while (reader.MoveNext())
        {
            if (reader.Kind != (byte)TcpOptionKind.Sack || reader.IsMalformed) continue;
            int blocks = reader.Data.Length / SackBlock.Size;
            if (index >= blocks)
            {
                index -= blocks;
                continue;
            }
            edge = BinaryPrimitives.ReadUInt32BigEndian(reader.Data[(index * SackBlock.Size + (isRight ? 4 : 0))..]);
            return true;
        }
        edge = 0;
        return false;
    }
}
