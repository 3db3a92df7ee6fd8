using System.Runtime.CompilerServices;

namespace NetStack;

/// <remarks>Payload by handle, for relays: it is read and written without a copy (docs/runtime.md, Bodies by handle).</remarks>
public sealed partial class NetConnection
{
    /// <summary>Reads the next piece of the stream by handle, or waits for one. From the first call on the connection keeps payload by
    /// handle, and neither <see cref="Input"/> nor a stream may be read any more.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The body, to be written or disposed of; null at the end of the stream.</returns>
    /// <exception cref="IOException">The connection failed, and everything before that was read.</exception>
    /// <exception cref="InvalidOperationException"><see cref="NetStackHostOptions.PassThrough"/> is not set, another read waits, or
    /// bytes that <see cref="Input"/> gave are still looked at.</exception>
    public ValueTask<NetBody?> ReadBodyAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<NetBody?>(cancellationToken);
        ValueTask readable;
        using (_channel.Loop.Enter())
        {
            if (_channel.TryReadBody(out NetBody? body)) return new ValueTask<NetBody?>(body);
            readable = _channel.Reads.WaitAsync(cancellationToken);
        }
        return ReadBodyLaterAsync(readable, cancellationToken);
    }

    /// <summary>All bodies up to the end of the stream; see <see cref="ReadBodyAsync"/>. Each is the caller's, to be written or disposed of.</summary>
    /// <inheritdoc cref="ReadBodyAsync"/>
    public async IAsyncEnumerable<NetBody> ReadBodiesAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await ReadBodyAsync(cancellationToken).ConfigureAwait(false) is { } body) yield return body;
    }

    /// <summary>Writes a body behind what was written before, and waits while the send buffer is full. Its buffers stay pinned until the
    /// peer acknowledged it.</summary>
    /// <param name="body">The body, of a connection or socket of the same host. The call uses it up: where it fails or is cancelled the
    /// body is let go, and nothing of it was sent.</param>
    /// <param name="cancellationToken">Gives up waiting for room.</param>
    /// <exception cref="IOException">The connection failed; also where bytes of a body were found to have changed since they were
    /// verified (docs/adr/0009).</exception>
    /// <exception cref="InvalidOperationException">The body was used before, another write waits, or the output was completed.</exception>
    /// <exception cref="ArgumentException">The body was received by another host.</exception>
    public ValueTask WriteBodyAsync(NetBody body, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            body.Dispose();
            return ValueTask.FromCanceled(cancellationToken);
        }
        ValueTask writable;
        using (_channel.Loop.Enter())
        {
            if (_channel.TrySendBody(body)) return default;
            writable = _channel.Writes.WaitAsync(cancellationToken);
        }
        return WriteBodyLaterAsync(writable, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<NetBody?> ReadBodyLaterAsync(ValueTask readable, CancellationToken cancellationToken)
    {
        while (true)
        {
            await readable.ConfigureAwait(false);
            using (_channel.Loop.Enter())
            {
                if (_channel.TryReadBody(out NetBody? body)) return body;
                readable = _channel.Reads.WaitAsync(cancellationToken);
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteBodyLaterAsync(ValueTask writable, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await writable.ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                using (_channel.Loop.Enter()) _channel.DropBody();
                throw;
            }
            using (_channel.Loop.Enter())
            {
                if (_channel.FinishSend(isGivenUp: false)) return;
                writable = _channel.Writes.WaitAsync(cancellationToken);
            }
        }
    }
}
