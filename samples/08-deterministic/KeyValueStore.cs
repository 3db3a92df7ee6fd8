using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;

namespace NetStack.Samples;

/// <summary>A server: a line <c>KEY VALUE</c> stores, and is answered by the number of keys. One task for each connection, one that
/// applies what all of them hand over through a channel.</summary>
internal sealed class KeyValueStore(NetStackHost host, TimeProvider time)
{
    internal const int Port = 6379;

    private readonly ConcurrentDictionary<string, long> _values = new();
    private readonly Channel<(string Line, TaskCompletionSource<int> Done)> _commands = Channel.CreateBounded<(string, TaskCompletionSource<int>)>(4);

    internal int Count => _values.Count;

    internal long Sum() => _values.Values.Sum();

    internal async Task RunAsync(CancellationToken stopping)
    {
        await using NetListener listener = host.ListenTcp(new IPEndPoint(IPAddress.Any, Port));
        Task applying = Task.Run(() => ApplyAsync(stopping), CancellationToken.None);
        List<Task> serving = [];
        try
        {
            await foreach (NetConnection connection in listener.AcceptAllAsync(stopping).ConfigureAwait(false)) serving.Add(Task.Run(() => ServeAsync(connection, stopping), CancellationToken.None));
        }
        catch (OperationCanceledException)
        {
            _commands.Writer.Complete();
        }
        await Task.WhenAll([.. serving, applying]).ConfigureAwait(false);
    }

    private async Task ServeAsync(NetConnection connection, CancellationToken stopping)
    {
        await using (connection)
        {
            try
            {
                using StreamReader reader = new(connection.AsStream(), leaveOpen: true);
                while (await reader.ReadLineAsync(stopping).ConfigureAwait(false) is { } line)
                {
                    TaskCompletionSource<int> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
                    await _commands.Writer.WriteAsync((line, done), stopping).ConfigureAwait(false);
                    int count = await done.Task.WaitAsync(stopping).ConfigureAwait(false);
                    await connection.Output.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{count:D8}\n"), stopping).ConfigureAwait(false);
                }
            }
            catch (Exception failure) when (failure is IOException or OperationCanceledException)
            {
                connection.Abort();
            }
        }
    }

    private async Task ApplyAsync(CancellationToken stopping)
    {
        using SemaphoreSlim disk = new(1, 1);
        try
        {
            await foreach ((string line, TaskCompletionSource<int> done) in _commands.Reader.ReadAllAsync(stopping).ConfigureAwait(false))
            {
                await disk.WaitAsync(stopping).ConfigureAwait(false);
                try
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(3), time, stopping).ConfigureAwait(false); // the disk
                    string[] parts = line.Split(' ');
                    if (parts is [string key, string value] && long.TryParse(value, out long number)) _values[key] = number;
                    await Task.Yield();
                    done.SetResult(_values.Count);
                }
                finally
                {
                    disk.Release();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // the run is over
        }
    }
}
