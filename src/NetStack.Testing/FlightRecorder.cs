using System.Security.Cryptography;
using NetStack.Tcp;

namespace NetStack.Testing;

/// <summary>
/// Remembers the last frames of every flow, with what became of them, to be written down when a run fails; and writes links into
/// captures when asked. It sees each link where frames set out, and the gates at the NICs.
/// </summary>
internal sealed class FlightRecorder
{
    private const int MaxFlows = 1024;

    private readonly VirtualNetwork _net;
    private readonly VirtualNetworkOptions _options;
    private readonly Dictionary<FlowKey, Track> _flows = [];
    private readonly Dictionary<NetworkLink, LinkCapture> _captures = [];
    private readonly List<NetworkLink> _links = [];
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Int128 _epoch;
    private long _order;

    internal FlightRecorder(VirtualNetwork net, VirtualNetworkOptions options)
    {
        _net = net;
        _options = options;
        _epoch = ((Int128)(net.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100) - net.Loop.Now.Nanoseconds;
    }

    internal void Watch(NetworkLink link)
    {
        link.Wire.Observer = new LinkWatch(this, link, _links.Count);
        _links.Add(link);
    }

    internal string GetHash() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    internal void Capture(NetworkLink link, string path)
    {
        using (_net.Loop.Enter())
        {
            if (_captures.Remove(link, out LinkCapture? old)) old.Dispose();
            _captures.Add(link, new LinkCapture(path, link.Name));
        }
    }

    /// <summary>Closes the captures.</summary>
    internal void Close()
    {
        using (_net.Loop.Enter())
        {
            foreach (LinkCapture capture in _captures.Values) capture.Dispose();
            _captures.Clear();
        }
    }

    /// <summary>Something happened to a frame at a NIC that its link does not know of.</summary>
    internal void OnGate(Attachment at, ReadOnlySpan<byte> frame, bool isOutgoing, string what)
    {
        if (at.Link is not { } link) return;
        LinkEnd from = (link.A == at.Host) == isOutgoing ? LinkEnd.A : LinkEnd.B;
        Record(link, from, frame, frame.Length, $"{what} at {at.Host.Name}", _net.Loop.Now);
    }

    /// <summary>Writes down what is remembered.</summary>
    /// <returns>Frames written.</returns>
    internal int Write(string path)
    {
        using (_net.Loop.Enter())
        {
            using CaptureWriter writer = CaptureWriter.Create(path, new CaptureWriterOptions { Section = new CaptureSection { Application = "NetStack.Testing", Comment = $"seed {_net.Seed}" } });
            foreach (NetworkLink link in _links) writer.AddInterface(LinkType.Ethernet, (uint)_options.RecordedBytes, name: link.Name);
            List<Recorded> all = [.. _flows.Values.SelectMany(t => t.Frames).OrderBy(f => f.Order)];
            foreach (Recorded frame in all)
                writer.Write(frame.Bytes.AsSpan(0, frame.Length), frame.WireLength, TimestampOf(frame.At), _links.IndexOf(frame.Link), frame.Comment, DirectionOf(frame.From));
            return all.Count;
        }
    }

    private static PacketDirection DirectionOf(LinkEnd from) => from == LinkEnd.A ? PacketDirection.Outbound : PacketDirection.Inbound;

    private Timestamp TimestampOf(Instant at) => Timestamp.FromNanoseconds(_epoch + at.Nanoseconds);

    private void OnSent(NetworkLink link, int index, LinkEnd from, ReadOnlySpan<byte> frame, int wireLength, in LinkFate fate, Instant now)
    {
        Hash(index, from, frame, fate, now);
        string? what = TextOf(fate);
        Record(link, from, frame, wireLength, what, now);
    }

    private void Hash(int link, LinkEnd from, ReadOnlySpan<byte> frame, in LinkFate fate, Instant now)
    {
        Span<byte> head = stackalloc byte[24];
        BitConverter.TryWriteBytes(head, now.Nanoseconds);
        BitConverter.TryWriteBytes(head[8..], link * 2 + (int)from);
        BitConverter.TryWriteBytes(head[12..], frame.Length);
        BitConverter.TryWriteBytes(head[16..], fate.Dropped is null ? fate.Arrival.Nanoseconds : -1);
        _hash.AppendData(head);
        _hash.AppendData(frame);
    }

    private static string? TextOf(in LinkFate fate)
    {
        if (fate.Dropped is { } reason) return $"dropped: {reason}";
        string? text = null;
        if (fate.IsDuplicate) text = "duplicate";
        if (fate.IsReordered) text = Join(text, "held back, to be overtaken");
        if (fate.CorruptedBit is { } bit) text = Join(text, $"bit {bit} turned over");
        if (fate.CutTo is { } length) text = Join(text, $"cut to {length} bytes");
        return text;
    }

    private static string Join(string? before, string more) => before is null ? more : $"{before}; {more}";

    private void Record(NetworkLink link, LinkEnd from, ReadOnlySpan<byte> frame, int wireLength, string? what, Instant now)
    {
        _captures.TryGetValue(link, out LinkCapture? capture);
        if (_options.RecordedFrames == 0 && capture is null) return;
        bool isKnown = SeenFrame.TryRead(frame, out SeenFrame seen);
        (TcpState? Sender, TcpState? Receiver) states = isKnown && seen.IsTcp ? StatesOf(seen) : default;
        if (capture is not null) capture.Write(frame, wireLength, TimestampOf(now), CommentOf(what, states, seen), DirectionOf(from));
        if (_options.RecordedFrames == 0) return;
        Recorded record = TrackOf(isKnown ? FlowKey.Of(seen) : default).Next(_options, frame.Length);
        record.Order = _order++;
        (record.Link, record.From, record.At, record.WireLength) = (link, from, now, Math.Max(wireLength, frame.Length));
        record.Length = Math.Min(frame.Length, record.Bytes.Length);
        frame[..record.Length].CopyTo(record.Bytes);
        record.Note = (what, states, seen);
    }

    private static string? CommentOf(string? what, (TcpState? Sender, TcpState? Receiver) states, in SeenFrame seen)
    {
        if (states.Sender is null && states.Receiver is null) return what;
        string text = $"{seen.Source} {states.Sender?.ToString() ?? "no connection"}, {seen.Destination} {states.Receiver?.ToString() ?? "no connection"}";
        return what is null ? text : $"{what}; {text}";
    }

    private (TcpState? Sender, TcpState? Receiver) StatesOf(in SeenFrame seen)
    {
        TcpEndpoint from = new(seen.Source, seen.SourcePort);
        TcpEndpoint to = new(seen.Destination, seen.DestinationPort);
        return (_net.OwnerOf(seen.Source)?.Host.Stack.Tcp.FindState(from, to), _net.OwnerOf(seen.Destination)?.Host.Stack.Tcp.FindState(to, from));
    }

    private Track TrackOf(in FlowKey key)
    {
        if (_flows.TryGetValue(key, out Track? track)) return track;
        if (_flows.Count == MaxFlows) _flows.Remove(_flows.MinBy(f => f.Value.LastOrder).Key);
        _flows.Add(key, track = new Track());
        return track;
    }

    /// <summary>The two ends of a flow, in an order that both directions share.</summary>
    private readonly record struct FlowKey(IpAddress A, IpAddress B, ushort PortA, ushort PortB, IpProtocol Protocol)
    {
        internal static FlowKey Of(in SeenFrame seen)
        {
            bool isFirst = (seen.Source.Value, seen.SourcePort).CompareTo((seen.Destination.Value, seen.DestinationPort)) <= 0;
            return isFirst
                ? new(seen.Source, seen.Destination, seen.SourcePort, seen.DestinationPort, seen.Protocol)
                : new(seen.Destination, seen.Source, seen.DestinationPort, seen.SourcePort, seen.Protocol);
        }
    }

    /// <summary>The last frames of one flow, in a ring.</summary>
    private sealed class Track
    {
        private readonly List<Recorded> _frames = [];
        private int _next;

        internal IEnumerable<Recorded> Frames => _frames;

        internal long LastOrder { get; private set; }

        internal Recorded Next(VirtualNetworkOptions options, int length)
        {
            if (_frames.Count < options.RecordedFrames) _frames.Add(new Recorded());
            Recorded frame = _frames[_next];
            _next = (_next + 1) % options.RecordedFrames;
            int room = Math.Min(length, options.RecordedBytes);
            if (frame.Bytes.Length < room) frame.Bytes = new byte[room];
            LastOrder = frame.Order;
            return frame;
        }
    }

    private sealed class Recorded
    {
        internal long Order;
        internal NetworkLink Link = null!;
        internal LinkEnd From;
        internal Instant At;
        internal byte[] Bytes = [];
        internal int Length;
        internal int WireLength;
        internal (string? What, (TcpState? Sender, TcpState? Receiver) States, SeenFrame Seen) Note;

        internal string? Comment => CommentOf(Note.What, Note.States, Note.Seen);
    }

    private sealed class LinkCapture : IDisposable
    {
        private readonly CaptureWriter _writer;

        internal LinkCapture(string path, string name)
        {
            _writer = CaptureWriter.Create(path);
            _writer.AddInterface(LinkType.Ethernet, name: name);
        }

        public void Dispose() => _writer.Dispose();

        internal void Write(ReadOnlySpan<byte> frame, int wireLength, Timestamp at, string? comment, PacketDirection direction) =>
            _writer.Write(frame, Math.Max(wireLength, frame.Length), at, comment: comment, direction: direction);
    }

    private sealed class LinkWatch(FlightRecorder recorder, NetworkLink link, int index) : ILinkObserver
    {
        public void OnSent(LinkEnd from, ReadOnlySpan<byte> frame, in WireFrame info, in LinkFate fate, Instant now) =>
            recorder.OnSent(link, index, from, frame, info.WireLength, fate, now);

        public void OnRefused(LinkEnd from, ReadOnlySpan<byte> frame, in WireFrame info, Instant now) =>
            recorder.Record(link, from, frame, info.WireLength, "dropped on arrival: NoBuffer", now);
    }
}
