using System.Runtime.InteropServices;

namespace NetStack.Nic.Linux.Interop;

/// <summary>What a descriptor is ready for, or watched for (poll(2), epoll(7)).</summary>
[Flags]
internal enum Readiness : uint
{
    /// <summary>There is something to read (EPOLLIN).</summary>
    Receive = 0x001,

    /// <summary>There is room to write (EPOLLOUT).</summary>
    Send = 0x004,

    /// <summary>It is of no use any more (EPOLLERR, EPOLLHUP); always watched for.</summary>
    Gone = 0x018,

    /// <summary>Watched until the first report only (EPOLLONESHOT).</summary>
    Once = 1 << 30,

    /// <summary>Reported when it changes, not as long as it lasts (EPOLLET).</summary>
    Change = 1u << 31,
}

/// <summary>Descriptors of which several can be waited for together, each under a number of the caller's choice (epoll(7)).</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int AddOperation = 1; // EPOLL_CTL_ADD
    private const int DeleteOperation = 2; // EPOLL_CTL_DEL
    private const int ModifyOperation = 3; // EPOLL_CTL_MOD
    private const int Most = 16; // reports of one wait; more come with the next

    // struct epoll_event: 32 bits of events and 64 bits of data, packed on x86-64 only.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EntrySize = DataOffset + 8;
    private static bool _hasNanoseconds = true; // epoll_pwait2: Linux 5.11, glibc 2.35

    private readonly Descriptor _descriptor = Descriptor.Of(Libc.EpollCreate(Libc.CloseOnExec), "epoll_create1");
    private readonly byte[] _reports = GC.AllocateArray<byte>(Most * EntrySize, pinned: true);

    /// <exception cref="IOException">The system refused.</exception>
    internal void Add(Descriptor descriptor, Readiness what, long id) => Change(AddOperation, descriptor, what, id);

    /// <exception cref="IOException">The system refused.</exception>
    internal void Modify(Descriptor descriptor, Readiness what, long id) => Change(ModifyOperation, descriptor, what, id);

    /// <summary>Takes a descriptor out; one that was closed is out already.</summary>
    internal void Remove(Descriptor descriptor)
    {
        if (!descriptor.Hold()) return;
        byte* unused = stackalloc byte[16];
        _ = Libc.EpollControl(_descriptor.Number, DeleteOperation, descriptor.Number, unused);
        descriptor.Release();
    }

    /// <summary>Waits; a signal may end it early.</summary>
    /// <param name="timeout">How long; zero does not wait, <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    /// <returns>How many reports there are.</returns>
    internal int Wait(TimeSpan timeout)
    {
        fixed (byte* reports = _reports)
        {
            int count = timeout == TimeSpan.Zero ? Libc.EpollWait(_descriptor.Number, reports, Most, 0)
                : timeout == Timeout.InfiniteTimeSpan ? Libc.EpollWait(_descriptor.Number, reports, Most, -1)
                : WaitTimed(reports, timeout);
            if (count >= 0) return count;
            int error = Marshal.GetLastPInvokeError();
            return error == Error.Interrupted ? 0 : throw Descriptor.Failure("epoll_wait", error);
        }
    }

    /// <summary>A report of the last wait.</summary>
    internal (Readiness What, long Id) Report(int index)
    {
        ReadOnlySpan<byte> entry = _reports.AsSpan(index * EntrySize, EntrySize);
        return ((Readiness)BitConverter.ToUInt32(entry), BitConverter.ToInt64(entry[DataOffset..]));
    }

    public void Dispose() => _descriptor.Dispose();

    private void Change(int operation, Descriptor descriptor, Readiness what, long id)
    {
        if (!descriptor.Hold()) return;
        Span<byte> entry = stackalloc byte[16];
        BitConverter.TryWriteBytes(entry, (uint)what);
        BitConverter.TryWriteBytes(entry[DataOffset..], id);
        int result;
        fixed (byte* change = entry) result = Libc.EpollControl(_descriptor.Number, operation, descriptor.Number, change);
        int error = Marshal.GetLastPInvokeError();
        descriptor.Release();
        if (result < 0) throw Descriptor.Failure("epoll_ctl", error);
    }

    private int WaitTimed(byte* reports, TimeSpan timeout)
    {
        if (_hasNanoseconds)
        {
            TimeSpec limit = new() { Seconds = (nint)(timeout.Ticks / TimeSpan.TicksPerSecond), Nanoseconds = (nint)(timeout.Ticks % TimeSpan.TicksPerSecond * 100) };
            try
            {
                int count = Libc.EpollWait(_descriptor.Number, reports, Most, &limit, null);
                if (count >= 0 || Marshal.GetLastPInvokeError() != Error.NoSystemCall) return count;
            }
            catch (EntryPointNotFoundException)
            {
                // An older C library: as with an older kernel.
            }
            _hasNanoseconds = false;
        }
        long milliseconds = (timeout.Ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond; // never early
        return Libc.EpollWait(_descriptor.Number, reports, Most, (int)Math.Min(milliseconds, int.MaxValue));
    }
}

/// <summary>A descriptor that any thread can make ready (eventfd(2)). Nobody reads it: it is watched for changes.</summary>
internal sealed unsafe class WakeEvent : IDisposable
{
    internal Descriptor Descriptor { get; } = Descriptor.Of(Libc.EventDescriptor(0, Libc.NonBlocking | Libc.CloseOnExec), "eventfd");

    /// <summary>Makes it ready; nothing happens once it is closed.</summary>
    internal void Signal()
    {
        if (!Descriptor.Hold()) return;
        ulong one = 1;
        _ = Libc.Write(Descriptor.Number, &one, sizeof(ulong));
        Descriptor.Release();
    }

    public void Dispose() => Descriptor.Dispose();
}
