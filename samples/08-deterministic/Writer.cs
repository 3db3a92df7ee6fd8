using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace NetStack.Samples;

/// <summary>A client that writes for a while, and connects again after each failure: later each time, until one succeeds.</summary>
internal sealed class Writer(NetStackHost host, TimeProvider time, string name)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    internal string Name { get; } = name;

    internal int Written { get; private set; }

    internal int Failures { get; private set; }

    internal TimeSpan Slowest { get; private set; }

    internal async Task RunAsync(TimeSpan duration)
    {
        long start = time.GetTimestamp();
        TimeSpan pause = TimeSpan.FromMilliseconds(50);
        while (time.GetElapsedTime(start) < duration)
        {
            try
            {
                using CancellationTokenSource patience = new(Patience, time);
                await using NetConnection connection = await host.ConnectTcpAsync(new DnsEndPoint("store", KeyValueStore.Port), patience.Token).ConfigureAwait(false);
                pause = TimeSpan.FromMilliseconds(50);
                await WriteAsync(connection, start, duration).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException)
            {
                Failures++;
                await Task.Delay(pause, time).ConfigureAwait(false);
                pause *= 2;
            }
        }
    }

    private async Task WriteAsync(NetConnection connection, long start, TimeSpan duration)
    {
        byte[] answer = new byte[9];
        Stream stream = connection.AsStream();
        while (time.GetElapsedTime(start) < duration)
        {
            long before = time.GetTimestamp();
            string line = string.Create(CultureInfo.InvariantCulture, $"{Name}-{Written} {Written * 31}\n");
            using CancellationTokenSource patience = new(Patience, time);
            try
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(line), patience.Token).ConfigureAwait(false);
                await stream.ReadExactlyAsync(answer, patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                connection.Abort();
                throw;
            }
            Written++;
            TimeSpan took = time.GetElapsedTime(before);
            if (took > Slowest) Slowest = took;
            await Task.Yield();
        }
    }
}
