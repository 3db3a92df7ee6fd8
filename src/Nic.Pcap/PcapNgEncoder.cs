using System.Buffers.Binary;
using System.Text;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Pcap;

/// <summary>Writes pcapng, little-endian.</summary>
internal sealed class PcapNgEncoder(CaptureOutput output, FetchMeter meter, CaptureSection first, CaptureOptionKinds leaveOut) : CaptureEncoder(output, meter)
{
    private int _interfaces;
    private bool _hasSection;

    /// <summary>The first interface of the present section.</summary>
    internal int SectionInterface { get; private set; }

    /// <summary>Begins a section. The first one takes the place of the one the writer was made with.</summary>
    internal void Section(CaptureSection section, EncodedOptions options)
    {
        Begin(CaptureBlockType.SectionHeader);
        Output.U32(PcapNgFormat.ByteOrderMagic);
        Output.U16(1);
        Output.U16(0);
        Output.U64(ulong.MaxValue); // its length is not told
        Text(OptionCode.Hardware, section.Hardware);
        Text(OptionCode.OperatingSystem, section.OperatingSystem);
        Text(OptionCode.Application, section.Application);
        Text(OptionCode.Comment, section.Comment);
        Options(CaptureBlockType.SectionHeader, options);
        End();
        _hasSection = true;
        SectionInterface = _interfaces;
    }

    internal override void Interface(CaptureInterface declared, EncodedOptions options)
    {
        Start(CaptureBlockType.InterfaceDescription);
        Output.U16((ushort)declared.LinkType);
        Output.U16(0);
        Output.U32(declared.SnapLength);
        if (options.IsEmpty) Describe(declared);
        else Options(CaptureBlockType.InterfaceDescription, options);
        End();
        _interfaces++;
    }

    internal override void Packet(in PacketToWrite packet)
    {
        if (packet.On.Index < SectionInterface) throw new ArgumentException($"Interface {packet.On.Index} belongs to an earlier section.");
        if (IsSimple(packet))
        {
            Start(CaptureBlockType.SimplePacket);
            Output.U32((uint)packet.WireLength);
            Content(packet);
            End();
            return;
        }
        ulong units = 0;
        if (packet.Timestamp is { } time && !packet.On.Resolution.TryToUnits(time, packet.On.TimeOffset, out units)) throw NoRoomFor(time, $"Interface {packet.On.Index}");
        Start(CaptureBlockType.EnhancedPacket);
        Output.U32((uint)(packet.On.Index - SectionInterface));
        Time(units);
        Output.U32((uint)packet.Length);
        Output.U32((uint)packet.WireLength);
        Content(packet);
        Text(OptionCode.Comment, packet.Comment);
        if (packet.Direction != PacketDirection.Unknown) Option(OptionCode.PacketFlags, (uint)packet.Direction);
        Options(CaptureBlockType.EnhancedPacket, packet.Options);
        End();
    }

    internal override void Finish()
    {
        if (!_hasSection) Section(first, default);
    }

    /// <summary>Begins a block, after the section header if that is missing.</summary>
    internal void Start(CaptureBlockType type)
    {
        Finish();
        Begin(type);
    }

    internal void Bytes(ReadOnlySpan<byte> bytes) => Output.Append(bytes);

    internal void Number(uint value) => Output.U32(value);

    /// <summary>The high half before the low half, as pcapng has it.</summary>
    internal void Time(ulong units)
    {
        Output.U32((uint)(units >> 32));
        Output.U32((uint)units);
    }

    /// <summary>An option, or a record of a name resolution block, of several parts.</summary>
    internal void Option(ushort code, ReadOnlySpan<byte> value, ReadOnlySpan<byte> more = default)
    {
        Output.U16(code);
        Output.U16(checked((ushort)(value.Length + more.Length)));
        Output.Append(value);
        Output.Append(more);
        Output.Pad();
    }

    internal void Option(ushort code, uint value)
    {
        Output.U16(code);
        Output.U16(4);
        Output.U32(value);
    }

    internal void Option(ushort code, ulong? value)
    {
        if (value is not { } number) return;
        Output.U16(code);
        Output.U16(8);
        Output.U64(number);
    }

    internal void TimeOption(ushort code, ulong? units)
    {
        if (units is not { } time) return;
        Output.U16(code);
        Output.U16(8);
        Time(time);
    }

    internal void Text(ushort code, string? text)
    {
        if (text is null) return;
        int length = Encoding.UTF8.GetByteCount(text);
        if (length > ushort.MaxValue)
        {
            // A text of another file, whose bytes that were no UTF-8 have become three each: as much of it as an option holds.
            byte[] whole = Encoding.UTF8.GetBytes(text);
            length = ushort.MaxValue;
            while ((whole[length] & 0xC0) == 0x80) length--;
            Option(code, whole.AsSpan(0, length));
            return;
        }
        Output.U16(code);
        Output.U16(length);
        Encoding.UTF8.GetBytes(text, Output.Append(length));
        Output.Pad();
    }

    /// <summary>Options of another file, in our byte order, up to the first that cannot be.</summary>
    internal void Options(CaptureBlockType block, EncodedOptions options)
    {
        PcapNgOptions each = new(options.Bytes, options.IsBigEndian);
        while (each.MoveNext())
        {
            if (OptionCode.IsNotCopied(each.Code) || (OptionCode.KindOf(block, each.Code) & leaveOut) != 0) continue;
            int start = Output.Record.Length + 4;
            Option(each.Code, each.Value);
            if (!options.IsBigEndian) continue;
            Span<byte> value = Output.Record.Slice(start, each.Value.Length);
            int size = OptionCode.NumberSize(block, each.Code);
            if (OptionCode.IsCustom(each.Code) && value.Length >= 4) value[..4].Reverse();
            for (int at = 0; size > 0 && at + size <= value.Length; at += size) value.Slice(at, size).Reverse();
        }
    }

    /// <summary>Ends a block: padding and both lengths.</summary>
    internal void End()
    {
        Output.Pad();
        int length = Output.Record.Length + 4;
        Output.U32((uint)length);
        BinaryPrimitives.WriteUInt32LittleEndian(Output.Record[4..], (uint)length);
        Output.Commit();
    }

    private void Begin(CaptureBlockType type)
    {
        Output.Begin();
        Output.U32((uint)type);
        Output.U32(0); // the length, when it is known
    }

    private void Content(in PacketToWrite packet)
    {
        Output.Append(packet.Head);
        Output.Append(packet.Body, Meter);
        Output.Pad();
    }

    private void Describe(CaptureInterface declared)
    {
        Text(OptionCode.InterfaceName, declared.Name);
        Text(OptionCode.InterfaceDescription, declared.Description);
        if (declared.Resolution != TimeResolution.Microseconds) Option(OptionCode.TimeResolution, [declared.Resolution.ToByte()]);
        if (declared.TimeOffset != 0) Option(OptionCode.TimeOffset, (ulong)declared.TimeOffset);
    }

    /// <summary>Whether a packet without a time fits a simple packet block, which has no captured length: readers work it out.</summary>
    private bool IsSimple(in PacketToWrite packet)
    {
        if (packet.Timestamp is not null || packet.On.Index != SectionInterface) return false;
        if (packet.Comment is not null || packet.Direction != PacketDirection.Unknown || !packet.Options.IsEmpty) return false;
        uint snap = packet.On.SnapLength;
        return packet.Length == (snap == 0 ? packet.WireLength : Math.Min(snap, packet.WireLength));
    }
}
