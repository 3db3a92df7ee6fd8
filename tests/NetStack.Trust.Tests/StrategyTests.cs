using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;

namespace NetStack.TrustTests;

/// <summary>The strategy that docs/trust.md shows is this project's <see cref="CopyUnlessOwn"/>, and does what is said of it.</summary>
public sealed class StrategyTests
{
    [Fact]
    public void The_documentation_shows_the_lines_that_run()
    {
        string file = File.ReadAllText(RepositoryRoot.PathOf("tests", "NetStack.Trust.Tests", "CopyUnlessOwn.cs")).ReplaceLineEndings("\n");
        string shown = file.Split("// <trust>\n")[1].Split("// </trust>")[0];
        string text = File.ReadAllText(RepositoryRoot.PathOf("docs", "trust.md")).ReplaceLineEndings("\n");
        Assert.Contains($"```csharp\n{shown}```\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_came_by_its_own_queue_is_left_there_and_the_rest_is_copied()
    {
        using VirtualNic nic = new(new VirtualNicOptions { Queues = 2, RssQueues = 1 });
        PacketMultiplexer mux = new(nic);
        MultiplexerPort port = mux.Attach("steered", o =>
        {
            o.Filter = $"udp dst port {Frames.PortOf(0)}";
            o.Placement = Placement.Steered;
            o.Copy = new CopyUnlessOwn(CopyStrategy.CopyHeaders);
        });
        byte[] unicast = Frames.Make(0, 1, 400);
        byte[] broadcast = Frames.Make(0, 2, 400);
        broadcast.AsSpan(0, 6).Fill(0xFF);
        nic.TryDeliver(unicast, new WireFrame(unicast.Length));
        nic.TryDeliver(broadcast, new WireFrame(broadcast.Length));
        mux.Poll(Instant.FromSeconds(1));
        ReceivedFrame[] frames = new ReceivedFrame[4];
        Assert.Equal(2, port.Queues[0].Receive(frames));
        Assert.Equal([BodyAccess.Private, BodyAccess.CopyOnDeliver], frames.Take(2).Select(f => f.Access));
        Assert.Equal("steered: copy=CopyUnlessOwn(CopyHeaders) trust=none placement=steered verification=verify filter=" + port.Filter, port.ToString());
        frames[0].Release();
        frames[1].Release();
    }
}
