namespace NetStack.Packetdrill;

/// <summary>Linux errno values that calls return, negated, to the entry points.</summary>
internal enum Errno
{
    BadFile = 9,
    Again = 11,
    Fault = 14,
    Invalid = 22,
    BrokenPipe = 32,
    NotASocket = 88,
    DestinationRequired = 89,
    NoProtocolOption = 92,
    NotSupported = 95,
    AddressInUse = 98,
    AddressNotAvailable = 99,
    NetworkUnreachable = 101,
    ConnectionAborted = 103,
    ConnectionReset = 104,
    NoBuffers = 105,
    AlreadyConnected = 106,
    NotConnected = 107,
    TimedOut = 110,
    ConnectionRefused = 111,
    HostUnreachable = 113,
    Already = 114,
    InProgress = 115,
}
