using System.Diagnostics;
using NetStack.Memory;
using NetStack.Samples;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Nic.Linux.Tests;

/// <summary>A whole stack on a TAP device, with the kernel's own programs as its clients.</summary>
public sealed class StackTests
{
    [Theory, InlineData("-c 100 -i 0.01", 100), InlineData("-c 3 -i 0.1 -s 60000", 3), InlineData("-c 200 -f", 200)]
    public void Ping_finds_a_stack_without_loss(string options, int count)
    {
        using Lab lab = new();
        using Pump pump = new(lab);
        lab.In($"ping -c 1 -W 5 {Lab.OurAddress}"); // now the stack knows the kernel's MAC address: fewer frames wait for one than a long reply has
        string output = lab.In($"ping -q {options} -W 5 {Lab.OurAddress}", mayFail: true);
        Assert.True(output.Contains($"{count} packets transmitted, {count} received, 0% packet loss", StringComparison.Ordinal), output);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Connections_of_the_kernel_get_back_what_they_sent(bool offload)
    {
        string load = RepositoryRoot.PathOf("tests", "interop", "echo_load.py");
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "needs python3");
        using Lab lab = new(options: new TapOptions { Offload = offload });
        using Pump pump = new(lab);
        string output = lab.In($"/usr/bin/python3 {load} {Lab.OurAddress} 7 4 8 60", mayFail: true);
        Assert.StartsWith("4 of 4", output, StringComparison.Ordinal);
        QueueCounters counters = lab.Queue.Counters;
        TestContext.Current.SendDiagnosticMessage(
            $"{counters.FramesReceived} frames in, {counters.BytesReceived / counters.FramesReceived} bytes each; {counters.FramesSent} out, {counters.BytesSent / counters.FramesSent}");
        Assert.Equal(offload, counters.BytesReceived / counters.FramesReceived > 1514);
        Assert.Equal(offload, counters.BytesSent / counters.FramesSent > 1514);
        Assert.Equal(0, counters.ReceiveDrops.Total + counters.TransmitDrops.Total);
    }

    /// <summary>A stack that answers pings and echoes what connections to port 7 send, on a thread of its own.</summary>
    private sealed class Pump : IDisposable
    {
        private readonly NetworkStack _stack = new(new StackOptions { Seed = 1 });
        private readonly StackDriver _driver;
        private readonly IWaitSet _set;
        private readonly Thread _thread;
        private readonly long _start = Stopwatch.GetTimestamp();
        private bool _isEnding;

        internal Pump(Lab lab)
        {
            _driver = new StackDriver(_stack, lab.Nic, Now, o => o.Ipv6.LinkLocal = o.Ipv6.AcceptRouterAdvertisements = false);
            _driver.Interface.AddAddress(IpAddress.Parse(Lab.OurAddress), 24, Now);
            _driver.Program = _ => Serve();
            _stack.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(new TcpEndpoint(IpAddress.Parse(Lab.OurAddress), 7))), out _);
            _set = lab.Nic.CreateWaitSet();
            _set.TryAdd(lab.Nic);
            _thread = new Thread(Run);
            _thread.Start();
        }

        private Instant Now => new((long)Stopwatch.GetElapsedTime(_start).TotalNanoseconds);

        public void Dispose()
        {
            Volatile.Write(ref _isEnding, true);
            _set.Wake();
            _thread.Join();
            _set.Dispose();
            Assert.True(_driver.StopAsync().IsCompleted);
            Assert.Equal(0, _driver.BuffersOut);
        }

        private static void Echo(TcpConnection connection)
        {
            while (connection.ReadableBytes > 0)
            {
                int written = 0;
                foreach (ReadOnlyMemory<byte> piece in connection.Peek())
                {
                    int part = connection.Write(piece.Span);
                    written += part;
                    if (part < piece.Length) break;
                }
                if (written == 0) return;
                connection.Consume(written);
            }
            if (connection.IsEndOfStream) connection.Close();
        }

        private void Run()
        {
            while (!Volatile.Read(ref _isEnding))
            {
                _driver.Poll(Now);
                Instant now = Now;
                _set.Wait(_driver.NextDeadline is not { } next ? Timeout.InfiniteTimeSpan : next > now ? next - now : TimeSpan.Zero);
            }
        }

        private void Serve()
        {
            while (_stack.Tcp.TryReadEvent(out TcpEvent happened))
            {
                while (happened.Listener?.TryAccept(out _) == true)
                {
                }
                if (happened.Connection is { } connection && !happened.What.HasFlag(TcpEvents.Closed)) Echo(connection);
            }
        }
    }
}
