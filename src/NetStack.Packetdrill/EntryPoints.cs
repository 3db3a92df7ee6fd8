using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace NetStack.Packetdrill;

/// <summary>
/// What packetdrill calls. Each entry turns pointers into spans, calls the world, and turns a negative errno into -1 with the
/// caller's errno set. No exception crosses into C: a bug of ours prints itself and ends the process.
/// </summary>
internal static unsafe class EntryPoints
{
    private static World _world = null!;

    /// <summary>Fills the table; called once by the shim.</summary>
    [UnmanagedCallersOnly]
    public static void Initialise(byte* flags, FunctionTable* table)
    {
        _world = new World(WorldOptions.Parse(flags is null ? "" : Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(flags))));
        table->UserData = null;
        table->Free = &Free;
        table->Socket = &Socket;
        table->Bind = &Bind;
        table->Listen = &Listen;
        table->Accept = &Accept;
        table->Connect = &Connect;
        table->Read = &Read;
        table->ReadVector = &ReadVector;
        table->Receive = &Receive;
        table->ReceiveFrom = &ReceiveFrom;
        table->ReceiveMessage = &ReceiveMessage;
        table->Write = &Write;
        table->WriteVector = &WriteVector;
        table->Send = &Send;
        table->SendTo = &SendTo;
        table->SendMessage = &SendMessage;
        table->FileControl = &FileControl;
        table->IoControl = &IoControl;
        table->Close = &Close;
        table->Shutdown = &Shutdown;
        table->GetOption = &GetOption;
        table->SetOption = &SetOption;
        table->Poll = &Poll;
        table->DeviceSend = &DeviceSend;
        table->DeviceReceive = &DeviceReceive;
        table->Sleep = &Sleep;
        table->GetTimeOfDay = &GetTimeOfDay;
        table->EpollCreate = &EpollCreate;
        table->EpollControl = &EpollControl;
        table->EpollWait = &EpollWait;
        table->Pipe = &Pipe;
        table->Splice = &Splice;
    }

    [UnmanagedCallersOnly]
    private static void Free(void* user)
    {
    }

    [UnmanagedCallersOnly]
    private static int Socket(void* user, int domain, int type, int protocol) => Result(() => _world.Socket(domain, type, protocol));

    [UnmanagedCallersOnly]
    private static int Bind(void* user, int descriptor, byte* address, uint length) =>
        Result(() => SocketAddress.TryRead(address, length, out SocketAddress value) ? _world.Bind(descriptor, value) : -(int)Errno.Invalid);

    [UnmanagedCallersOnly]
    private static int Listen(void* user, int descriptor, int backlog) => Result(() => _world.Listen(descriptor, backlog));

    [UnmanagedCallersOnly]
    private static int Accept(void* user, int descriptor, byte* address, uint* length) => Result(() =>
    {
        int accepted = _world.Accept(descriptor, out SocketAddress remote);
        if (accepted >= 0 && address is not null) remote.Write(address, length);
        return accepted;
    });

    [UnmanagedCallersOnly]
    private static int Connect(void* user, int descriptor, byte* address, uint length) =>
        Result(() => SocketAddress.TryRead(address, length, out SocketAddress value) ? _world.Connect(descriptor, value) : -(int)Errno.Invalid);

    [UnmanagedCallersOnly]
    private static nint Read(void* user, int descriptor, byte* buffer, nuint count) => ReceiveInto(descriptor, buffer, count, 0);

    [UnmanagedCallersOnly]
    private static nint ReadVector(void* user, int descriptor, IoVector* vectors, int count) => ReceiveInto(descriptor, vectors, count, 0);

    [UnmanagedCallersOnly]
    private static nint Receive(void* user, int descriptor, byte* buffer, nuint count, int flags) => ReceiveInto(descriptor, buffer, count, flags);

    [UnmanagedCallersOnly]
    private static nint ReceiveFrom(void* user, int descriptor, byte* buffer, nuint count, int flags, byte* address, uint* length) => ReceiveInto(descriptor, buffer, count, flags);

    [UnmanagedCallersOnly]
    private static nint ReceiveMessage(void* user, int descriptor, MessageHeader* message, int flags)
    {
        message->Flags = 0;
        int received = ReceiveInto(descriptor, message->Vectors, (int)message->VectorCount, flags);
        int? unread = received < 0 ? null : _world.UnreadToTell(descriptor);
        Span<byte> control = new(message->Control, message->Control is null ? 0 : (int)message->ControlLength);
        message->ControlLength = unread is { } count ? (nuint)ControlMessages.WriteUnread(control, count) : 0;
        return received;
    }

    [UnmanagedCallersOnly]
    private static nint Write(void* user, int descriptor, byte* buffer, nuint count) => SendFrom(descriptor, buffer, count, 0);

    [UnmanagedCallersOnly]
    private static nint WriteVector(void* user, int descriptor, IoVector* vectors, int count) => SendFrom(descriptor, vectors, count, 0);

    [UnmanagedCallersOnly]
    private static nint Send(void* user, int descriptor, byte* buffer, nuint count, int flags) => SendFrom(descriptor, buffer, count, flags);

    [UnmanagedCallersOnly]
    private static nint SendTo(void* user, int descriptor, byte* buffer, nuint count, int flags, byte* address, uint length) => SendFrom(descriptor, buffer, count, flags);

    [UnmanagedCallersOnly]
    private static nint SendMessage(void* user, int descriptor, MessageHeader* message, int flags) =>
        SendFrom(descriptor, message->Vectors, (int)message->VectorCount, flags);

    [UnmanagedCallersOnly]
    private static int FileControl(void* user, int descriptor, int command, nint argument) => Result(() => _world.FileControl(descriptor, command, (int)argument));

    [UnmanagedCallersOnly]
    private static int IoControl(void* user, int descriptor, nuint request, nint argument) => Result(() =>
    {
        int result = _world.IoControl(descriptor, (uint)request, out int value);
        if (result >= 0 && argument != 0) *(int*)argument = value;
        return result;
    });

    [UnmanagedCallersOnly]
    private static int Close(void* user, int descriptor) => Result(() => _world.Close(descriptor));

    [UnmanagedCallersOnly]
    private static int Shutdown(void* user, int descriptor, int how) => Result(() => _world.Shutdown(descriptor, how));

    [UnmanagedCallersOnly]
    private static int GetOption(void* user, int descriptor, int level, int name, byte* value, uint* length) => Result(() =>
    {
        int result = _world.GetOption(descriptor, level, name, new Span<byte>(value, (int)*length));
        if (result < 0) return result;
        *length = (uint)result;
        return 0;
    });

    [UnmanagedCallersOnly]
    private static int SetOption(void* user, int descriptor, int level, int name, byte* value, uint length) =>
        Result(() => _world.SetOption(descriptor, level, name, new ReadOnlySpan<byte>(value, (int)length)));

    [UnmanagedCallersOnly]
    private static int Poll(void* user, PollEntry* entries, nuint count, int timeout) =>
        Result(() => _world.Poll(new Span<PollEntry>(entries, (int)count), timeout));

    [UnmanagedCallersOnly]
    private static int DeviceSend(void* user, byte* packet, nuint count) => Result(() =>
    {
        _world.Inject(new ReadOnlySpan<byte>(packet, (int)count));
        return 0;
    });

    [UnmanagedCallersOnly]
    private static int DeviceReceive(void* user, byte* buffer, nuint* count, long* microseconds) => Result(() =>
    {
        *count = (nuint)_world.Sniff(new Span<byte>(buffer, (int)*count), out *microseconds);
        return 0;
    });

    [UnmanagedCallersOnly]
    private static int Sleep(void* user, uint microseconds) => Result(() =>
    {
        _world.Sleep(microseconds);
        return 0;
    });

    [UnmanagedCallersOnly]
    private static int GetTimeOfDay(void* user, TimeValue* value, void* zone) => Result(() =>
    {
        (value->Seconds, value->Microseconds) = Math.DivRem(_world.Now(), 1_000_000);
        return 0;
    });

    [UnmanagedCallersOnly]
    private static int EpollCreate(void* user, int size) => Result(() => _world.EpollCreate());

    [UnmanagedCallersOnly]
    private static int EpollControl(void* user, int epoll, int operation, int descriptor, EpollEvent* wanted) =>
        Result(() => _world.EpollControl(epoll, operation, descriptor, wanted is null ? default : *wanted));

    [UnmanagedCallersOnly]
    private static int EpollWait(void* user, int epoll, EpollEvent* events, int capacity, int timeout) =>
        Result(() => _world.EpollWait(epoll, new Span<EpollEvent>(events, capacity), timeout));

    [UnmanagedCallersOnly]
    private static int Pipe(void* user, int* descriptors) => Result(() => -(int)Errno.NotSupported);

    [UnmanagedCallersOnly]
    private static nint Splice(void* user, int from, long* fromOffset, int to, long* toOffset, nuint length, uint flags) => Result(() => -(int)Errno.NotSupported);

    private static int ReceiveInto(int descriptor, byte* buffer, nuint count, int flags) =>
        buffer is null && count > 0 ? Fault() : Result(() => _world.Receive(descriptor, new Span<byte>(buffer, (int)count), flags));

    private static int ReceiveInto(int descriptor, IoVector* vectors, int count, int flags) => Result(() =>
    {
        byte[] joined = new byte[LengthOf(vectors, count)];
        int received = _world.Receive(descriptor, joined, flags);
        ReadOnlySpan<byte> rest = joined.AsSpan(0, Math.Max(received, 0));
        for (int i = 0; i < count && !rest.IsEmpty; i++)
        {
            int part = Math.Min(rest.Length, (int)vectors[i].Length);
            rest[..part].CopyTo(vectors[i].Bytes);
            rest = rest[part..];
        }
        return received;
    });

    private static int SendFrom(int descriptor, byte* buffer, nuint count, int flags) =>
        buffer is null && count > 0 ? Fault() : Result(() => _world.Send(descriptor, new ReadOnlySpan<byte>(buffer, (int)count), flags));

    private static int SendFrom(int descriptor, IoVector* vectors, int count, int flags) => Result(() =>
    {
        byte[] joined = new byte[LengthOf(vectors, count)];
        int at = 0;
        for (int i = 0; i < count; at += (int)vectors[i].Length, i++) vectors[i].Bytes.CopyTo(joined.AsSpan(at));
        return _world.Send(descriptor, joined, flags);
    });

    private static int LengthOf(IoVector* vectors, int count)
    {
        nuint length = 0;
        for (int i = 0; i < count; i++) length += vectors[i].Length;
        return checked((int)length);
    }

    private static int Fault() => Result(() => -(int)Errno.Fault);

    private static int Result(Func<int> call)
    {
        try
        {
            int result = call();
            if (result >= 0) return result;
            Marshal.SetLastSystemError(-result);
            return -1;
        }
        catch (Exception e)
        {
            Console.Error.WriteLine($"libnetstack_packetdrill: {e}");
            Environment.Exit(70);
            throw;
        }
    }
}
