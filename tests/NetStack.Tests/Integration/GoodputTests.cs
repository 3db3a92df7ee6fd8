using System.Globalization;
using System.Text;
using NetStack.Nic.Virtual;
using NetStack.Tcp;
using NetStack.Tcp.Congestion;
using NetStack.Tests.Kit;

namespace NetStack.Tests.Integration;

/// <summary>
/// How much gets through a bad link, in virtual time: exact, so that a change of a congestion control or of loss recovery shows in
/// every cell it touches. UPDATE_GOLDEN=1 writes golden/goodput.md and the copy of it in docs/tcp.md anew; look at the difference.
/// </summary>
public sealed class GoodputTests
{
    private const long Rate = 100_000_000; // bits a second
    private const int QueueBytes = 256 * 1024; // 21 ms of the link
    private const int Seconds = 10;
    private const string Begin = "<!-- goodput: written by GoodputTests -->\n";
    private const string End = "<!-- end of goodput -->";

    private static readonly double[] Losses = [0, 0.1, 1, 3, 5, 10];
    private static readonly (int Milliseconds, ulong Seeds)[] RoundTrips = [(1, 1), (20, 2), (100, 3)]; // the fewer losses in a run, the more runs
    private static readonly double[] Reorders = [0, 1];

    [Fact, Trait("Category", "Slow")]
    public void Goodput_is_what_it_was()
    {
        string golden = Find("golden/goodput.md");
        string documentation = Find("../../docs/tcp.md");
        string table = Table();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(golden, table);
            (string before, _, string after) = Split(File.ReadAllText(documentation));
            File.WriteAllText(documentation, before + table + after);
        }
        Assert.Equal(File.ReadAllText(golden), table);
        Assert.Equal(table, Split(File.ReadAllText(documentation)).Table);
    }

    private static string Table()
    {
        StringBuilder text = new();
        text.Append("| Mbit/s | loss |");
        foreach (double reorder in Reorders)
        {
            foreach ((int roundTrip, _) in RoundTrips) text.Append(CultureInfo.InvariantCulture, $" {roundTrip} ms{(reorder > 0 ? ", reordered" : "")} |");
        }
        text.Append("\n|---|---|").Insert(text.Length, "--:|", Reorders.Length * RoundTrips.Length).Append('\n');
        foreach (string control in (string[])["cubic", "reno"])
        {
            foreach (double loss in Losses)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {control} | {loss} % |");
                foreach (double reorder in Reorders)
                {
                    foreach ((int roundTrip, ulong seeds) in RoundTrips) text.Append(CultureInfo.InvariantCulture, $" {Goodput(control, loss, roundTrip, reorder, seeds):F2} |");
                }
                text.Append('\n');
            }
        }
        return text.ToString();
    }

    /// <summary>Mbit/s that the receiver's program read in the first seconds after the connect, on average over the seeds.</summary>
    private static double Goodput(string control, double loss, int roundTrip, double reorder, ulong seeds)
    {
        long bytes = 0;
        for (ulong seed = 1; seed <= seeds; seed++) bytes += Received(control, loss, roundTrip, reorder, seed);
        return bytes * 8.0 / seeds / Seconds / 1e6;
    }

    private static long Received(string control, double loss, int roundTrip, double reorder, ulong seed)
    {
        Nic.Virtual.Impairment back = new() { Rate = Rate, QueueBytes = QueueBytes, Delay = TimeSpan.FromMilliseconds(roundTrip / 2.0) };
        DrivenPair pair = new(new VirtualLink(back with { Loss = loss / 100, Reorder = reorder / 100 }, back, seed), seed);
        TcpEndpoint server = new(pair.Bob.Address, 80);
        TcpConnectionOptions options = new() { CongestionControl = () => CongestionControl.Create(control) };
        pair.Bob.Stack.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(server)), out TcpListener? listener);
        pair.Alice.Stack.Tcp.Connect(new TcpConnectOptions(server) { Connection = options }, pair.Clock.Now, out TcpConnection? sender);
        byte[] chunk = new byte[64 * 1024];
        long received = 0;
        pair.Alice.Driver.Program = _ =>
        {
            while (sender!.Write(chunk) > 0) { }
            while (pair.Alice.Stack.Tcp.TryReadEvent(out TcpEvent _)) { }
        };
        pair.Bob.Driver.Program = _ =>
        {
            while (pair.Bob.Stack.Tcp.TryReadEvent(out TcpEvent happened))
            {
                if (happened.Listener is not null) listener!.TryAccept(out TcpConnection? _);
                if (happened.Connection is not { ReadableBytes: > 0 and int count } receiver) continue;
                receiver.Consume(count);
                received += count;
            }
        };
        Instant end = Instant.FromSeconds(Seconds);
        while (pair.Clock.Now < end && pair.Clock.Step()) { }
        Assert.Equal(TcpError.None, sender!.Error);
        return received;
    }

    private static (string Before, string Table, string After) Split(string document)
    {
        int start = document.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = document.IndexOf(End, StringComparison.Ordinal);
        return (document[..start], document[start..end], document[end..]);
    }

    private static string Find(string path)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "NetStack.Tests.csproj"))) return Path.GetFullPath(Path.Combine(folder.FullName, path));
        }
        throw new FileNotFoundException(path);
    }
}
