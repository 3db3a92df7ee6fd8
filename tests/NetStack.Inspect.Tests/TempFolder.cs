namespace NetStack.Inspect.Tests;

/// <summary>A folder for the files of one test class, gone at its end.</summary>
public sealed class TempFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("netstack-").FullName;

    internal string Write(string name, byte[] bytes)
    {
        string file = Path.Combine(_path, name);
        File.WriteAllBytes(file, bytes);
        return file;
    }

    internal string Missing => Path.Combine(_path, "missing.pcap");

    internal string Self => _path;

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
