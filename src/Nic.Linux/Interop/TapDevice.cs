using System.Runtime.InteropServices;

namespace NetStack.Nic.Linux.Interop;

/// <summary>
/// One end of a TAP interface: a descriptor that gives and takes whole Ethernet frames and never blocks. Calls return bytes, or an
/// error number below zero. The caller holds <see cref="Descriptor"/> around them.
/// </summary>
internal sealed unsafe class TapDevice : IDisposable
{
    private const string Path = "/dev/net/tun";

    // linux/if_tun.h and linux/sockios.h; the same on every architecture .NET runs on.
    private const nuint SetInterface = 0x400454CA; // TUNSETIFF
    private const nuint SetOffload = 0x400454D0; // TUNSETOFFLOAD
    private const nuint GetMtu = 0x8921; // SIOCGIFMTU
    private const short IsTap = 0x0002; // IFF_TAP
    private const short HasManyQueues = 0x0100; // IFF_MULTI_QUEUE
    private const short NoPacketInformation = 0x1000; // IFF_NO_PI
    private const short HasHeader = 0x4000; // IFF_VNET_HDR
    private const nint WantsAll = 0x0F; // TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6, TUN_F_TSO_ECN
    private const int InternetDomain = 2; // AF_INET
    private const int Datagrams = 2; // SOCK_DGRAM

    private readonly int _number;

    /// <summary>Takes over a descriptor of whole frames.</summary>
    internal TapDevice(Descriptor descriptor, string name = "", int mtu = 0)
    {
        Descriptor = descriptor;
        _number = descriptor.Number;
        Name = name;
        Mtu = mtu;
    }

    internal Descriptor Descriptor { get; }

    /// <summary>The interface's name, as the kernel knows it.</summary>
    internal string Name { get; private set; }

    /// <summary>The largest network-layer packet the interface took when it was opened, in bytes.</summary>
    internal int Mtu { get; private set; }

    /// <summary>Opens an interface that is there, or makes one that lasts as long as it is open.</summary>
    /// <param name="name">The interface.</param>
    /// <param name="offload">Whether a <see cref="VirtioHeader"/> stands before each frame.</param>
    internal static TapDevice Open(string name, bool offload)
    {
        if (!OperatingSystem.IsLinux()) throw new PlatformNotSupportedException("TAP devices of this kind are Linux's.");
        int number = Libc.Open(Path, Libc.ReadWrite | Libc.NonBlocking | Libc.CloseOnExec);
        if (number < 0) throw TapErrors.OfOpening(Path, Marshal.GetLastPInvokeError());
        TapDevice device = new(new Descriptor(number));
        try
        {
            device.Attach(name, offload);
            device.Mtu = device.ReadMtu();
            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>The address of memory that does not move.</summary>
    internal static nint AddressOf(Span<byte> pinned) => (nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(pinned));

    /// <summary>Reads one frame; what does not fit is lost.</summary>
    internal int Read(nint address, int length) => Result(Libc.Read(_number, (void*)address, (nuint)length));

    /// <summary>Reads one frame into several pieces of memory, one after the other.</summary>
    internal int Read(ReadOnlySpan<IoVector> pieces)
    {
        fixed (IoVector* first = pieces) return Result(Libc.ReadVector(_number, first, pieces.Length));
    }

    /// <summary>Writes one frame that is all headers.</summary>
    internal int Write(ReadOnlySpan<byte> headers)
    {
        fixed (byte* start = headers) return Result(Libc.Write(_number, start, (nuint)headers.Length));
    }

    /// <summary>Writes one frame.</summary>
    /// <param name="headers">Its headers.</param>
    /// <param name="pieces">All its pieces.</param>
    /// <param name="at">Which of them the headers are; it is filled in.</param>
    internal int Write(ReadOnlySpan<byte> headers, Span<IoVector> pieces, int at)
    {
        fixed (byte* start = headers)
        fixed (IoVector* first = pieces)
        {
            pieces[at] = new IoVector { Address = (nint)start, Length = (nuint)headers.Length };
            return Result(Libc.WriteVector(_number, first, pieces.Length));
        }
    }

    /// <summary>What the device is ready for, without waiting. Ready to send means that the interface is up and has room.</summary>
    internal Readiness Ready()
    {
        PollEntry entry = new() { Descriptor = _number, Events = (short)(Readiness.Receive | Readiness.Send) };
        return Libc.Poll(&entry, 1, 0) > 0 ? (Readiness)entry.Returned : 0;
    }

    public void Dispose() => Descriptor.Dispose();

    private void Attach(string name, bool offload)
    {
        Request request = Request.For(name);
        request.Flags = (short)(IsTap | NoPacketInformation | (offload ? HasHeader : 0));
        int error = Control(_number, SetInterface, &request);
        if (error == Error.Invalid)
        {
            request.Flags |= HasManyQueues; // a device made for many queues has to be opened as one; one of them is enough
            error = Control(_number, SetInterface, &request);
        }
        if (error != 0) throw TapErrors.OfAttaching(name, error);
        Name = request.NameText();

        // In any case: a user before us may have left it on.
        if (Libc.IoControl(_number, SetOffload, (void*)(offload ? WantsAll : 0)) < 0) throw Descriptor.Failure("TUNSETOFFLOAD", Marshal.GetLastPInvokeError());
    }

    private int ReadMtu()
    {
        using Descriptor socket = Descriptor.Of(Libc.Socket(InternetDomain, Datagrams | Libc.CloseOnExec, 0), "socket");
        Request request = Request.For(Name);
        int error = Control(socket.Number, GetMtu, &request);
        return error == 0 ? request.Number : throw Descriptor.Failure($"The MTU of {Name}", error);
    }

    /// <summary>The error number of an ioctl, or 0.</summary>
    private static int Control(int descriptor, nuint code, Request* request) =>
        Libc.IoControl(descriptor, code, request) < 0 ? Marshal.GetLastPInvokeError() : 0;

    private static int Result(nint bytes) => bytes >= 0 ? (int)bytes : -Marshal.GetLastPInvokeError();

    /// <summary>What ioctls of interfaces take (struct ifreq).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 40)]
    private struct Request
    {
        [FieldOffset(0)]
        private fixed byte _name[16];

        [FieldOffset(16)]
        internal short Flags;

        [FieldOffset(16)]
        internal int Number;

        internal static Request For(string name)
        {
            Request request = default;
            System.Text.Encoding.UTF8.GetBytes(name, new Span<byte>(request._name, 15));
            return request;
        }

        internal readonly string NameText()
        {
            fixed (byte* name = _name) return Marshal.PtrToStringUTF8((nint)name)!;
        }
    }
}
