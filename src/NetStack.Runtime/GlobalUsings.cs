global using NetStack.Memory;
global using NetStack.Nic;
global using NetStack.Wire;
