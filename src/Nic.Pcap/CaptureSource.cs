using NetStack.Memory;
using NetStack.Nic.Pcap;
using NetStack.Wire;

namespace NetStack;

/// <summary>Packets one after the other: of one file (<see cref="CaptureReader"/>), or of several (<see cref="MergedCapture"/>).</summary>
/// <remarks>Not thread-safe.</remarks>
public abstract class CaptureSource : IDisposable
{
    private protected PacketFields Current;

    private protected CaptureSource()
    {
    }

    /// <summary>Counts what was fetched of the packets' headers and bodies.</summary>
    public FetchMeter Meter { get; } = new();

    /// <summary>The files it reads. Each says itself where it is damaged and what was skipped.</summary>
    public abstract IReadOnlyList<CaptureReader> Files { get; }

    /// <summary>The interfaces met so far, by index over all files.</summary>
    public abstract IReadOnlyList<CaptureInterface> Interfaces { get; }

    /// <summary>How many packets were read.</summary>
    public long PacketsRead { get; private protected set; }

    /// <summary>How many bytes of the uncompressed files were consumed.</summary>
    public abstract long Position { get; }

    /// <summary>Whether any file ended early, or was skipped in part.</summary>
    public bool IsDamaged => Files.Any(file => file.Damage is not null || file.SkippedCount > 0);

    /// <summary>Counts what was read of options, which are no part of a packet.</summary>
    internal FetchMeter OptionMeter { get; } = new();

    /// <summary>The snapshot of the present packet.</summary>
    internal HeaderSnapshot Headers { get; } = new();

    /// <summary>Goes to the next packet.</summary>
    /// <param name="record">The packet, valid until the next call.</param>
    /// <returns>False at the end, and where the file is damaged: see <see cref="CaptureReader.Damage"/>.</returns>
    public bool TryRead(out CaptureRecord record)
    {
        ReleaseCurrent();
        if (!TryTake(out Current))
        {
            record = default;
            return false;
        }
        record = CurrentRecord();
        return true;
    }

    /// <summary>
    /// Goes to the next packet as <see cref="TryRead"/> does, for whoever asks for its headers only: its bytes are named by no body,
    /// which spares the work of naming them.
    /// </summary>
    /// <param name="headers">The snapshot of its headers, valid until the next call; nothing is fetched until asked.</param>
    /// <param name="info">What the file says of it.</param>
    /// <returns>False at the end, and where the file is damaged.</returns>
    public virtual bool TryReadHeaders(out HeaderSnapshot headers, out PacketInfo info)
    {
        headers = Headers;
        bool isRead = TryRead(out CaptureRecord record);
        info = isRead ? new PacketInfo(record.Number, record.Timestamp, record.CapturedLength, record.WireLength, record.LinkType, record.InterfaceIndex) : default;
        return isRead;
    }

    /// <summary>Goes to the next packet and gives its bodies away: the caller releases them.</summary>
    internal abstract bool TryTake(out PacketFields fields);

    /// <summary>The present packet as a record.</summary>
    internal CaptureRecord CurrentRecord()
    {
        Headers.Begin(Current.Body, Meter);
        return new CaptureRecord(this, Current, PacketsRead);
    }

    /// <summary>Closes the files. Bodies that were shared stay valid until they are released.</summary>
    public void Dispose()
    {
        ReleaseCurrent();
        Close();
        GC.SuppressFinalize(this);
    }

    private protected abstract void Close();

    private protected void ReleaseCurrent()
    {
        Current.Release();
        Current = default;
    }
}
