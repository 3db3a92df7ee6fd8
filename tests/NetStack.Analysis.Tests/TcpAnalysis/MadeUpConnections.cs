using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Analysis.Tests;

/// <summary>
/// Captures of TCP connections that nobody had: they begin well or in the middle, lose, repeat and overtake segments, close
/// windows, probe and go on in ways no stack would. Every step is drawn from the seed.
/// </summary>
internal sealed class MadeUpConnections
{
    private readonly Random _random;
    private readonly Side _a = new();
    private readonly Side _b = new();
    private readonly List<(long Time, byte[] Packet)> _packets;
    private readonly int _number;
    private long _time;

    private MadeUpConnections(Random random, int number, List<(long, byte[])> packets)
    {
        _random = random;
        _number = number;
        _packets = packets;
        _time = number * 2_000_000L;
    }

    /// <summary>Writes a pcap file of them, one after the other.</summary>
    internal static void Write(string path, int seed, int connections)
    {
        Random random = new(seed);
        List<(long Time, byte[] Packet)> packets = [];
        for (int i = 0; i < connections; i++) new MadeUpConnections(random, i, packets).Run();
        using FileStream file = File.Create(path);
        Span<byte> header = stackalloc byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0xA1B2C3D4);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
        header[8..16].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], 65535);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], (uint)LinkType.Raw);
        file.Write(header);
        Span<byte> record = stackalloc byte[16];
        foreach ((long time, byte[] packet) in packets)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)(1_700_000_000 + time / 1_000_000));
            BinaryPrimitives.WriteUInt32LittleEndian(record[4..], (uint)(time % 1_000_000));
            BinaryPrimitives.WriteInt32LittleEndian(record[8..], packet.Length);
            BinaryPrimitives.WriteInt32LittleEndian(record[12..], packet.Length);
            file.Write(record);
            file.Write(packet);
        }
    }

    private void Run()
    {
        _a.Next = _random.Next(4) == 0 ? uint.MaxValue - (uint)_random.Next(3000) : (uint)_random.Next(1, int.MaxValue);
        _b.Next = (uint)_random.Next(1, int.MaxValue);
        int opening = _random.Next(5);
        if (opening < 3) Open(opening);
        bool oneSided = _random.Next(6) == 0;
        for (int i = _random.Next(3, 60); i > 0; i--)
        {
            bool fromA = oneSided || _random.Next(2) == 0;
            Step(fromA ? _a : _b, fromA ? _b : _a);
        }
        if (_random.Next(2) == 0) Send(_a, _b, TcpFlags.Fin | TcpFlags.Ack, _a.Next, 0);
        if (_random.Next(2) == 0) Send(_b, _a, TcpFlags.Fin | TcpFlags.Ack, _b.Next, 0);
        if (_random.Next(5) == 0) Send(_b, _a, TcpFlags.Rst, _b.Next, 0);
    }

    private void Open(int kind)
    {
        _a.Scale = _random.Next(3) == 0 ? -1 : _random.Next(0, 8);
        _b.Scale = _random.Next(3) == 0 ? -1 : _random.Next(0, 8);
        uint syn = _a.Next;
        Send(_a, _b, TcpFlags.Syn, syn, 0);
        if (_random.Next(4) == 0) Send(_a, _b, TcpFlags.Syn, syn, 0);
        if (kind == 2) return;
        Send(_b, _a, TcpFlags.Syn | TcpFlags.Ack, _b.Next, 0);
        if (_random.Next(6) == 0) Send(_b, _a, TcpFlags.Syn | TcpFlags.Ack, _b.Next - 1, 0);
        Send(_a, _b, TcpFlags.Ack, _a.Next, 0);
    }

    private void Step(Side from, Side to)
    {
        int size = _random.Next(1, 1400);
        switch (_random.Next(18))
        {
            case 0: // a segment is missing
                from.Next += (uint)size;
                break;
            case 1 when from.Sent.Count > 0: // repeats, whole or cut differently
                (uint sequence, int length) = from.Sent[_random.Next(from.Sent.Count)];
                Send(from, to, TcpFlags.Ack, sequence, _random.Next(3) == 0 ? Math.Max(1, length / 2) : length);
                break;
            case 2: // back a little
                Send(from, to, TcpFlags.Ack, from.Next - (uint)_random.Next(1, 2000), _random.Next(1, 1000));
                break;
            case 3: // keep-alive
                Send(from, to, TcpFlags.Ack, from.Next - 1, _random.Next(2));
                if (_random.Next(2) == 0) Send(to, from, TcpFlags.Ack, to.Next, 0);
                break;
            case 4:
                from.Window = _random.Next(3) == 0 ? 0 : _random.Next(1, 3000);
                Send(from, to, TcpFlags.Ack, from.Next, 0);
                break;
            case 5: // a window closes, is probed and opens
                to.Window = 0;
                Send(to, from, TcpFlags.Ack, to.Next, 0);
                Send(from, to, TcpFlags.Ack, from.Next, 1, advances: _random.Next(2) == 0);
                Send(to, from, TcpFlags.Ack, to.Next, 0);
                to.Window = _random.Next(1, 60000);
                Send(to, from, TcpFlags.Ack, to.Next, 0);
                break;
            case 6: // duplicate ACKs, then what they ask for
                for (int i = _random.Next(1, 5); i > 0; i--) Send(to, from, TcpFlags.Ack, to.Next, 0, sack: true);
                Send(from, to, TcpFlags.Ack, to.Acknowledged, _random.Next(1, 1000));
                break;
            case 7: // fills the window
                int room = (int)(to.Acknowledged + (to.Scale >= 0 && from.Scale >= 0 ? to.Window << to.Scale : to.Window) - from.Next);
                if (room is > 0 and < 9000) Send(from, to, TcpFlags.Ack, from.Next, room);
                break;
            case 8:
                Send(from, to, TcpFlags.Ack, from.Next - 1, size);
                break;
            case 9 or 10 or 11: // an ACK of everything, of a part, or of too much
                from.Acknowledged = to.Next - (uint)(_random.Next(3) == 0 ? _random.Next(-500, 500) : 0);
                Send(from, to, TcpFlags.Ack, from.Next, 0);
                break;
            default:
                if (_random.Next(3) > 0) from.Acknowledged = to.Next;
                Send(from, to, TcpFlags.Ack | (_random.Next(3) == 0 ? TcpFlags.Psh : 0), from.Next, size);
                break;
        }
    }

    private void Send(Side from, Side to, TcpFlags flags, uint sequence, int length, bool advances = true, bool sack = false)
    {
        _time += _random.Next(4) switch { 0 => _random.Next(1, 100), 1 => _random.Next(100, 2500), 2 => _random.Next(2500, 10_000), _ => _random.Next(10_000, 60_000) };
        uint next = sequence + (uint)length + ((flags & (TcpFlags.Syn | TcpFlags.Fin)) != 0 ? 1u : 0);
        if ((flags & TcpFlags.Syn) != 0 && (flags & TcpFlags.Ack) != 0) from.Acknowledged = to.Next;
        if ((flags & (TcpFlags.Syn | TcpFlags.Fin)) == 0 && from.Acknowledged == 0) from.Acknowledged = to.Next;
        _packets.Add((_time, Packet(from, flags, sequence, length, sack)));
        if (length > 0) from.Sent.Add((sequence, length));
        if (advances && (int)(next - from.Next) > 0) from.Next = next;
    }

    private byte[] Packet(Side from, TcpFlags flags, uint sequence, int length, bool sack)
    {
        byte[] options = [];
        if ((flags & TcpFlags.Syn) != 0 && from.Scale >= 0) options = [3, 3, (byte)from.Scale, 0];
        if (sack && _random.Next(2) == 0)
        {
            options = [1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 0, 0];
            uint left = from.Acknowledged + (uint)_random.Next(0, 1500);
            BinaryPrimitives.WriteUInt32BigEndian(options.AsSpan(4), left);
            BinaryPrimitives.WriteUInt32BigEndian(options.AsSpan(8), left + (uint)_random.Next(1, 1500));
        }
        byte[] packet = new byte[20 + 20 + options.Length + length];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        packet[8] = 64;
        packet[9] = 6;
        bool isA = from == _a;
        (packet[12], packet[15]) = (10, isA ? (byte)1 : (byte)2);
        (packet[16], packet[19]) = (10, isA ? (byte)2 : (byte)1);
        ushort client = (ushort)(10_000 + _number);
        TcpHeader header = new(isA ? client : (ushort)5001, isA ? (ushort)5001 : client, sequence, (flags & TcpFlags.Ack) != 0 ? from.Acknowledged : 0, flags, (ushort)from.Window);
        header.Write(packet.AsSpan(20), options);
        return packet;
    }

    private sealed class Side
    {
        internal uint Next { get; set; }
        internal uint Acknowledged { get; set; }
        internal int Window { get; set; } = 8000;
        internal int Scale { get; set; } = -1;
        internal List<(uint Sequence, int Length)> Sent { get; } = [];
    }
}
