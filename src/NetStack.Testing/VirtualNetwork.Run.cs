using System.Globalization;
using System.Runtime.CompilerServices;
using NetStack.Testing;

namespace NetStack;

/// <remarks>Running.</remarks>
public sealed partial class VirtualNetwork
{
    /// <summary>
    /// Runs a test in a network of its own. When the body throws, or leaves something behind, the last frames of every flow are written
    /// into a pcapng file, and the seed and the line to run it again are printed; the exception is passed on as it is.
    /// </summary>
    /// <param name="seed">Decides everything that is left to chance. The environment variable <c>NETSTACK_SEED</c> overrides it.</param>
    /// <param name="body">The test. It takes its timers from <see cref="Time"/>, and never blocks.</param>
    /// <param name="options">How the network works; null for the defaults: virtual time.</param>
    /// <param name="test">The test's name, for files and messages.</param>
    /// <exception cref="DeterminismException">In virtual time: the body, or something it started, goes by the real clock, calls from a thread
    /// outside the pool, or blocks the pool's worker.</exception>
    /// <exception cref="LeakException">The body left something behind.</exception>
    /// <exception cref="TimeoutException">The body took longer than <see cref="VirtualNetworkOptions.TimeLimit"/>.</exception>
    public static async Task RunAsync(long seed, Func<VirtualNetwork, Task> body, VirtualNetworkOptions? options = null, [CallerMemberName] string test = "")
    {
        ArgumentNullException.ThrowIfNull(body);
        options ??= new VirtualNetworkOptions();
        options.Check();
        if (Environment.GetEnvironmentVariable(VirtualNetworkOptions.SeedVariable) is { Length: > 0 } wanted && !long.TryParse(wanted, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out seed))
            throw new InvalidOperationException($"{VirtualNetworkOptions.SeedVariable} is '{wanted}', which is no whole number.");
        NetLoop loop = LoopOf(options);
        using CancellationTokenSource stopping = new();
        VirtualNetwork net = new(seed, loop, options, stopping.Token);
        try
        {
            if (loop is VirtualTimeLoop virtualTime) await virtualTime.RunAsync(() => net.ExecuteAsync(body, stopping)).ConfigureAwait(false);
            else await net.ExecuteAsync(body, stopping).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            new FailureReport(net, options, test).Write(failure);
            throw;
        }
        finally
        {
            net.Recorder.Close();
            await loop.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static NetLoop LoopOf(VirtualNetworkOptions options) => options.Time switch
    {
        NetworkTime.Virtual => new VirtualTimeLoop(new VirtualTimeLoopOptions { ChecksDeterminism = true, BlockedLimit = options.BlockedLimit, Limit = options.TimeLimit }),
        NetworkTime.Paced => new RealTimeLoop(new RealTimeLoopOptions { TimeProvider = new PacedTimeProvider(options.Pace), Pace = options.Pace }),
        NetworkTime.Real => new RealTimeLoop(),
        _ => throw new ArgumentOutOfRangeException(nameof(options), options.Time, "There is no such time."),
    };

    private async Task ExecuteAsync(Func<VirtualNetwork, Task> body, CancellationTokenSource stopping)
    {
        Task program = body(this);
        if (Loop is not VirtualTimeLoop) program = program.WaitAsync(_options.TimeLimit, Time); // virtual time has its own limit
        await program.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await EndAsync(program.IsCompletedSuccessfully, stopping).ConfigureAwait(false);
        }
        catch when (!program.IsCompletedSuccessfully)
        {
            // what failed first is what must be told
        }
        await program.ConfigureAwait(false);
    }

    /// <summary>Stops what the body started, then the hosts; after a good run nothing may be left.</summary>
    private async Task EndAsync(bool isGood, CancellationTokenSource stopping)
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        LeakCheck leaks = new(this);
        if (isGood && _options.ChecksLeaks) await leaks.CheckSocketsAsync(_options.StopTimeout).ConfigureAwait(false);
        foreach (ITimer timer in _scheduled) await timer.DisposeAsync().ConfigureAwait(false);
        foreach (NetworkHost host in _hostList) await host.Host.DisposeAsync().ConfigureAwait(false);
        if (!isGood) return;
        if (_options.ChecksLeaks) await leaks.CheckFramesAsync().ConfigureAwait(false);
        leaks.ThrowIfAny();
    }
}
