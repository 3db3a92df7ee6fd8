using System.Net.Sockets;
using System.Text.RegularExpressions;
using NetStack.Nic.Virtual;

namespace NetStack.Testing.Tests;

/// <summary>Every kind of fault, as the recorder saw it on the wire, and what a connection makes of it: a text that comes back whole, or the
/// error that fits.</summary>
public sealed class FaultTests
{
    private static readonly string Text = string.Concat(Enumerable.Range(0, 40_000).Select(i => $"{i:x5}"));

    /// <summary>Each kind: how it is planted, what the recorder says of a frame, and what the connection then does.</summary>
    private static readonly Dictionary<string, Fault> Faults = new()
    {
        ["delay"] = new(n => n.Link.Change(i => i with { Delay = TimeSpan.FromMilliseconds(400) }), "", AtLeast: 2 * 0.4 * 2),
        ["jitter"] = new(n => n.Link.Change(i => i with { Jitter = TimeSpan.FromMilliseconds(30) }), ""),
        ["normal delays"] = new(n => n.Link.Change(i => i with { DelayVariation = DelayVariation.Normal(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(20)) }), "", AtLeast: 0.2),
        ["recorded delays"] = new(n => n.Link.Change(i => i with { DelayVariation = DelayVariation.Recorded([TimeSpan.FromMilliseconds(150), TimeSpan.FromMilliseconds(160)]) }), "", AtLeast: 0.6),
        ["bandwidth"] = new(n => n.Link.Change(i => i with { Rate = 2_000_000, QueueBytes = 1_000_000 }), "", AtLeast: 200_000 * 8 / 2e6),
        ["short queue"] = new(n => n.Link.Change(i => i with { Rate = 2_000_000, QueueBytes = 20_000 }), "^dropped: RingFull", Retransmits: true),
        ["loss"] = new(n => n.Link.Change(i => i with { Loss = 0.05 }), "^dropped: LinkLoss", Retransmits: true),
        ["bursts of loss"] = new(n => n.Link.Change(i => i with { BurstLoss = new BurstLoss(ToBad: 0.01, ToGood: 0.3) }), "^dropped: LinkLoss", Retransmits: true),
        ["reorder"] = new(n => n.Link.Change(i => i with { Reorder = 0.1, ReorderDelay = TimeSpan.FromMilliseconds(4) }), "held back, to be overtaken"),
        ["duplicate"] = new(n => n.Link.Change(i => i with { Duplicate = 0.3 }), "^duplicate"),
        ["corrupt"] = new(n => n.Link.Change(i => i with { Corrupt = 0.05 }), "bit [0-9]+ turned over", Retransmits: true),
        ["truncate"] = new(n => n.Link.Change(i => i with { Truncate = 0.05 }), "cut to [0-9]+ bytes", Retransmits: true),
        ["narrow"] = new(n => n.Link.Change(i => i with { MaxFrameLength = 1100 }), "^dropped: TooLong", Retransmits: true),
        ["partition"] = new(n => n.Link.Partition(n.Soon, TimeSpan.FromSeconds(20)), "^dropped: LinkDown", AtLeast: 20, Retransmits: true, Slowly: true),
        ["partition one way"] = new(n => n.Link.PartitionFrom(n.Server, n.Soon, TimeSpan.FromSeconds(20)), "^dropped: LinkDown", AtLeast: 20, Retransmits: true, Slowly: true),
        ["black hole"] = new(n => n.Link.PartitionFrom(n.Client), "^dropped: LinkDown", Ends: SocketError.HostUnreachable),
        ["drop SYN"] = new(n => n.Flow.DropNext(SegmentKind.Syn, times: 2), "^dropped: the fault on Syn", AtLeast: 3),
        ["drop SYN-ACK"] = new(n => n.Flow.DropNext(SegmentKind.SynAck), "^dropped: the fault on SynAck", AtLeast: 1),
        ["drop data"] = new(n => n.Flow.DropNext(SegmentKind.Data, times: 3, skip: 5), "^dropped: the fault on Data", Retransmits: true),
        ["drop FIN"] = new(n => n.Flow.DropNext(SegmentKind.Fin), "^dropped: the fault on Fin", Retransmits: true),
        ["stall"] = new(n => n.Flow.StallFor(TimeSpan.FromSeconds(2), responseBytes: 5000), "^held until", AtLeast: 2),
        ["flow partition"] = new(n => n.Flow.Partition(n.Soon, TimeSpan.FromSeconds(20)), "^dropped: partition", AtLeast: 20, Slowly: true),
        ["refuse"] = new(n => n.Flow.Refuse(), "^dropped: refused", Ends: SocketError.ConnectionRefused),
        ["reset"] = new(n => n.Flow.ResetAfter(responseBytes: 5000), "^injected", Ends: SocketError.ConnectionReset),
        ["reset of a request"] = new(n => n.Flow.ResetAfter(requestBytes: 5000), "^injected", Ends: SocketError.ConnectionReset),
    };

    public static TheoryData<string> Kinds => [.. Faults.Keys];

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_fault_is_seen_on_the_wire_and_a_connection_lives_with_it_or_says_why_not(string kind)
    {
        Fault fault = Faults[kind];
        string path = Path.GetTempFileName();
        try
        {
            await VirtualNetwork.RunAsync(21, net => RunAsync(net, fault, path), new VirtualNetworkOptions { ChecksLeaks = fault.Ends is null });
            List<string> comments = [];
            using CaptureReader capture = CaptureReader.Open(path);
            while (capture.TryRead(out CaptureRecord record)) comments.Add(record.Comment ?? "");
            Assert.Contains(comments, c => Regex.IsMatch(c, fault.Seen));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task RunAsync(VirtualNetwork net, Fault fault, string path)
    {
        (NetStackHost client, NetStackHost server) = net.AddPair("client", "server");
        Assert.Equal("first", await EchoAsync(net, "first", slowly: false)); // addresses are known, and nothing is wrong yet
        net.Link(client, server).CaptureTo(path);
        TimeSpan began = net.Elapsed;
        fault.Plant(new Place(net, client, server));
        try
        {
            Assert.Equal(Text, await EchoAsync(net, Text, fault.Slowly));
            Assert.Null(fault.Ends);
        }
        catch (Exception e) when (fault.Ends is not null && (e as SocketException ?? e.InnerException as SocketException) is { } failure)
        {
            Assert.Equal(fault.Ends, failure.SocketErrorCode);
            return;
        }
        Assert.InRange((net.Elapsed - began).TotalSeconds, fault.AtLeast, 300);
        if (fault.Retransmits) Assert.True(net.Flow(client, server, 7).Connections[^1].Retransmissions > 0);
    }

    private static async Task<string> EchoAsync(VirtualNetwork net, string text, bool slowly)
    {
        Task echo = Task.Run(() => Programs.EchoOnceAsync(net["server"], 7));
        if (slowly) await Task.Delay(TimeSpan.FromSeconds(1), net.Time); // into the partition
        string answer = await Programs.AskAsync(net["client"], "server", 7, text);
        await echo;
        return answer;
    }

    /// <param name="Plant">Puts it in the way.</param>
    /// <param name="Seen">What a comment on one of the frames says, as a regular expression.</param>
    /// <param name="AtLeast">Seconds the exchange takes then.</param>
    /// <param name="Retransmits">Whether something has to be sent again.</param>
    /// <param name="Slowly">Whether the exchange begins a second later.</param>
    /// <param name="Ends">The error it ends in; null where it goes well.</param>
    private sealed record Fault(Action<Place> Plant, string Seen, double AtLeast = 0, bool Retransmits = false, bool Slowly = false, SocketError? Ends = null);

    /// <summary>Where a fault can be put.</summary>
    private sealed record Place(VirtualNetwork Net, NetStackHost Client, NetStackHost Server)
    {
        internal NetworkLink Link => Net.Link(Client, Server);

        internal NetworkFlow Flow => Net.Flow(Client, Server, 7);

        internal TimeSpan Soon => Net.Elapsed + TimeSpan.FromSeconds(0.5);
    }
}
